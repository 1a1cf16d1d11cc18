//! A world behind wiremock, for tests in process.

use std::sync::{Arc, Mutex, PoisonError};

use wiremock::{Mock, MockServer, Request as Incoming, Respond, ResponseTemplate, matchers::any};

use crate::http::Request;
use crate::time::Now;
use crate::world::World;

/// Answers every request of a wiremock server from a world.
#[derive(Clone)]
pub struct Door(Arc<Mutex<World>>);

impl Door {
    /// Around a world.
    pub fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// Starts a server that answers from the world.
    pub async fn start(&self) -> MockServer {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(self.clone()).mount(&server).await;
        server
    }

    /// Reads or changes the world.
    pub fn world<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Respond for Door {
    fn respond(&self, incoming: &Incoming) -> ResponseTemplate {
        let query = incoming.url.query().map_or_else(String::new, |q| format!("?{q}"));
        let request = Request {
            method: incoming.method.to_string(),
            target: format!("{}{query}", incoming.url.path()),
            headers: incoming
                .headers
                .iter()
                .map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
                .collect(),
            body: incoming.body.clone(),
        };
        let now = Now::at(jiff::Timestamp::now().as_millisecond());
        let (response, delivery) = self.world(|w| w.handle(now, &request));
        let mut template = ResponseTemplate::new(response.status).set_body_bytes(response.body);
        for (name, value) in response.headers {
            template = template.insert_header(name, value);
        }
        template.set_delay(std::time::Duration::from_millis(delivery.delay_ms))
    }
}
