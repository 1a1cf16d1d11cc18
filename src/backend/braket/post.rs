//! A POST to an address that the whole world may use: how webhooks leave. It stands here because it
//! shares the HTTP client, and nothing else knows that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Whether an address belongs to everybody. Source: the registries of special-purpose addresses of IANA.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let s = v6.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // Addresses that carry one of the older kind lead where that one leads.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Only 2000::/3 is given out, less Teredo, benchmarks, documentation.
        _ => {
            s[0] & 0xe000 == 0x2000
                && !(s[0] == 0x2001 && s[1] < 0x200)
                && !(s[0] == 0x2001 && s[1] == 0xdb8)
                && s[0] != 0x3fff
        }
    }
}

/// Resolves names to public addresses alone; the connection goes to what was checked.
#[derive(Clone, Debug)]
struct Guard;

impl ResolveDns for Guard {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let name = name.to_owned();
        DnsFuture::new(async move {
            let found = tokio::task::spawn_blocking(move || (name.as_str(), 443).to_socket_addrs()).await;
            let found = found.map_err(ResolveDnsError::new)?.map_err(ResolveDnsError::new)?;
            let all: Vec<IpAddr> = found.map(|a| a.ip()).collect();
            match all.iter().find(|ip| !is_public(**ip)) {
                Some(ip) => Err(ResolveDnsError::new(format!("{ip} is no public address"))),
                None => Ok(all),
            }
        })
    }
}

/// What is wrong with a URL as a receiver of notices, if anything.
pub fn refused(url: &str) -> Option<String> {
    let Some(rest) = url.strip_prefix("https://") else {
        return Some("a webhook is https".to_owned());
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Some("a webhook has no user, no password and no spaces".to_owned());
    }
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    if host.is_empty() {
        return Some("it names no host".to_owned());
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(ip) if !is_public(ip) => Some(format!("{ip} is no public address")),
        Ok(_) => None,
        // Forms of a number that some resolvers read as an address.
        Err(_) if host.starts_with("0x") || host.chars().all(|c| c.is_ascii_digit() || c == '.') => {
            Some(format!("{host} is no name"))
        }
        Err(_) if host == "localhost" || host.ends_with(".localhost") || host.ends_with(".local") => {
            Some(format!("{host} is not public"))
        }
        Err(_) => None,
    }
}

/// Posts JSON once: no redirect is followed, no proxy is used, and whatever the name resolves to must be
/// public.
///
/// # Errors
/// In words: the URL, the name, the file of authorities, the connection, or an answer other than 2xx.
pub fn post(url: &str, id: &str, body: Vec<u8>, patience: Duration) -> Result<(), String> {
    if let Some(why) = refused(url) {
        return Err(format!("{url}: {why}"));
    }
    call(&connector(crate::config::ca_file().as_deref(), Guard)?, url, id, body, patience)
}

/// TLS as the system trusts it, and as the authorities of a file do.
fn connector<R>(authorities: Option<&Path>, resolver: R) -> Result<Connector, String>
where
    R: ResolveDns + Clone + 'static,
{
    let mut trusted = TrustStore::default();
    if let Some(path) = authorities {
        trusted.add_pem_certificate(certificates(path)?);
    }
    let context = TlsContext::builder().with_trust_store(trusted).build().map_err(|e| chain(&e))?;
    let provider = tls::Provider::Rustls(CryptoMode::AwsLc);
    Ok(Connector::builder().tls_provider(provider).tls_context(context).build_with_resolver(resolver))
}

/// A file of certificates, tried before the client sees it: that one panics on what it cannot read.
fn certificates(path: &Path) -> Result<Vec<u8>, String> {
    let wrong = |why: String| {
        let path = path.display();
        format!("SHOTBOOK_CA_FILE={path}: {why}; it names a file of certificates in PEM form")
    };
    let pem = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("no certificate is in it".to_owned())) } else { Ok(pem) }
}

fn call(connector: &Connector, url: &str, id: &str, body: Vec<u8>, patience: Duration) -> Result<(), String> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST").map_err(|e| e.to_string())?;
    request.set_uri(url).map_err(|e| format!("{url}: {e}"))?;
    request.headers_mut().insert("content-type", "application/json");
    request.headers_mut().insert("user-agent", "shotbook");
    request.headers_mut().insert("x-shotbook-notice", id.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| e.to_string())?.block_on(async {
        let answer = tokio::time::timeout(patience, connector.call(request)).await;
        let answer = answer.map_err(|_| format!("{url} did not answer within {} s", patience.as_secs()))?;
        let status = answer.map_err(|e| format!("{url}: {}", chain(&e)))?.status().as_u16();
        if (200..300).contains(&status) { Ok(()) } else { Err(format!("{url} answered {status}")) }
    })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        out = format!("{out}: {inner}");
        cause = inner.source();
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn only_public_addresses_are_posted_to() {
        for wrong in [
            "http://example.com/",
            "https://",
            "https://user@example.com/",
            "https://localhost/x",
            "https://printer.local/x",
            "https://127.0.0.1/x",
            "https://127.1/x",
            "https://2130706433/x",
            "https://0x7f000001/x",
            "https://10.1.2.3:8443/x",
            "https://172.16.0.1",
            "https://192.168.1.1",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1",
            "https://0.0.0.0",
            "https://[::1]/x",
            "https://[fe80::1]/x",
            "https://[fd00::1]/x",
            "https://[::ffff:127.0.0.1]/x",
            "https://[64:ff9b::7f00:1]/x",
            "https://[2002:7f00:1::]/x",
        ] {
            assert!(refused(wrong).is_some(), "{wrong}");
            assert!(post(wrong, "n", Vec::new(), Duration::from_secs(1)).is_err(), "{wrong}");
        }
        for right in ["https://example.com/hook?x=1", "https://8.8.8.8/", "https://[2606:4700::1111]:8443/"] {
            assert_eq!(refused(right), None, "{right}");
        }
    }

    #[test]
    fn a_name_that_leads_home_is_not_called() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(Guard.resolve_dns("localhost")).unwrap_err();
        assert!(chain(&error).contains("is no public address"), "{}", chain(&error));
    }

    /// Every name leads to this machine.
    #[derive(Clone, Debug)]
    struct Home;

    impl ResolveDns for Home {
        fn resolve_dns<'a>(&'a self, _name: &'a str) -> DnsFuture<'a> {
            DnsFuture::ready(Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]))
        }
    }

    fn file(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name)
    }

    /// A receiver with a certificate of an authority that nobody knows; gives its port, and what it read.
    fn receiver() -> (u16, std::thread::JoinHandle<Option<String>>) {
        use rustls::pki_types::PrivateKeyDer;
        let chain = vec![CertificateDer::from_pem_file(file("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (tcp, _) = listener.accept().unwrap();
            let tls = rustls::ServerConnection::new(std::sync::Arc::new(config)).unwrap();
            let mut stream = rustls::StreamOwned::new(tls, tcp);
            let (mut seen, mut part) = (Vec::new(), [0u8; 1024]);
            while !seen.ends_with(b"{}") {
                match stream.read(&mut part) {
                    Ok(n) if n > 0 => seen.extend_from_slice(&part[..n]),
                    _ => return None,
                }
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            stream.flush().unwrap();
            Some(String::from_utf8(seen).unwrap())
        });
        (port, server)
    }

    #[test]
    fn a_receiver_is_believed_by_its_certificate_alone() {
        let authority = file("authority.pem");
        for (host, authorities, problem) in [
            ("hooks.example.com", Some(authority.as_path()), None),
            ("hooks.example.com", None, Some("UnknownIssuer")),
            ("other.example.com", Some(authority.as_path()), Some("not valid for name")),
        ] {
            let (port, server) = receiver();
            let connector = connector(authorities, Home).unwrap();
            let url = format!("https://{host}:{port}/hook");
            let went = call(&connector, &url, "n_1", b"{}".to_vec(), Duration::from_secs(20));
            let read = server.join().unwrap();
            match problem {
                None => {
                    assert_eq!(went, Ok(()));
                    assert!(read.is_some_and(|r| r.starts_with("POST /hook")));
                }
                Some(words) => {
                    assert!(went.as_ref().is_err_and(|e| e.contains(words)), "{host}: {went:?}");
                    assert_eq!(read, None, "{host} was told something");
                }
            }
        }
    }

    #[test]
    fn an_authority_of_ones_own_opens_no_private_address() {
        let connector = connector(Some(&file("authority.pem")), Guard).unwrap();
        let went = call(&connector, "https://localhost:1/", "n_1", b"{}".to_vec(), Duration::from_secs(20));
        assert!(went.as_ref().is_err_and(|e| e.contains("is no public address")), "{went:?}");
    }

    #[test]
    fn a_file_of_authorities_that_is_none_is_named_and_nothing_is_sent() {
        for wrong in ["server.key", "missing.pem"] {
            let error = connector(Some(&file(wrong)), Home).unwrap_err();
            assert!(error.contains(wrong) && error.contains("SHOTBOOK_CA_FILE"), "{error}");
        }
    }

    #[test]
    fn a_post_carries_its_id_and_follows_nothing() {
        for (answer, taken) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", true),
            ("HTTP/1.1 302 Found\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n", false),
            ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", false),
        ] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let to = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let (mut seen, mut part) = (Vec::new(), [0u8; 1024]);
                while !seen.ends_with(b"{}") {
                    let n = stream.read(&mut part).unwrap();
                    assert!(n > 0, "{}", String::from_utf8_lossy(&seen));
                    seen.extend_from_slice(&part[..n]);
                }
                stream.write_all(answer.as_bytes()).unwrap();
                String::from_utf8(seen).unwrap()
            });
            let connector = Connector::builder().build_http();
            let patience = Duration::from_secs(20);
            let went = call(&connector, &format!("http://{to}/hook"), "n_1", b"{}".to_vec(), patience);
            assert_eq!(went.is_ok(), taken, "{went:?}");
            let seen = server.join().unwrap().to_lowercase();
            assert!(seen.starts_with("post /hook") && seen.contains("x-shotbook-notice: n_1"), "{seen}");
        }
    }
}
