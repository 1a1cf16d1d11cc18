//! The one place that reads the environment, once.

use std::path::PathBuf;

/// What the environment says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `SHOTBOOK_STORE`.
    pub store: Option<String>,
    /// `SHOTBOOK_HOME`.
    pub home: Option<PathBuf>,
    /// `AMZN_BRAKET_OUT_S3_BUCKET`.
    pub bucket: Option<String>,
    /// `BRAKET_PRICE_OFFERS_URL`, which the Braket SDK reads too.
    pub offers_url: Option<String>,
    /// `SHOTBOOK_FAILPOINT`.
    pub failpoint: Option<String>,
}

impl Config {
    /// Reads the environment.
    pub fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        Self {
            store: text("SHOTBOOK_STORE"),
            home: text("SHOTBOOK_HOME").map(PathBuf::from),
            bucket: text("AMZN_BRAKET_OUT_S3_BUCKET"),
            offers_url: text("BRAKET_PRICE_OFFERS_URL"),
            failpoint: text("SHOTBOOK_FAILPOINT"),
        }
    }

    /// Where the store is: a flag, the environment, or the platform's data directory.
    pub fn store_path(&self, flag: Option<&str>) -> Result<PathBuf, String> {
        if let Some(url) = flag.or(self.store.as_deref()) {
            return match url.split_once(':') {
                Some(("sqlite", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
                Some(("postgres" | "postgresql", _)) => {
                    Err("this build keeps stores in SQLite: sqlite:PATH".to_owned())
                }
                _ => Err(format!("{url:?} is no store; write sqlite:PATH")),
            };
        }
        Ok(self.data_dir()?.join("shotbook.db"))
    }

    /// Where everything is kept that is not named otherwise: `SHOTBOOK_HOME`, or the platform's place.
    pub fn data_dir(&self) -> Result<PathBuf, String> {
        if let Some(home) = &self.home {
            return Ok(home.clone());
        }
        use etcetera::BaseStrategy;
        let base = etcetera::choose_base_strategy().map_err(|e| e.to_string())?;
        Ok(base.data_dir().join("shotbook"))
    }

    /// Where the speeds of this machine are kept.
    pub fn speeds_path(&self) -> Result<PathBuf, String> {
        Ok(self.data_dir()?.join("speeds.toml"))
    }
}

/// Endpoints that the AWS chain will use for Braket, S3 and STS, where the environment names them.
pub fn aws_endpoints() -> [Option<String>; 3] {
    let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let all = text("AWS_ENDPOINT_URL");
    ["AWS_ENDPOINT_URL_BRAKET", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS"]
        .map(|name| text(name).or(all.clone()))
}

/// `SHOTBOOK_CA_FILE`: certificates of authorities that webhooks trust besides those of the system.
pub fn ca_file() -> Option<PathBuf> {
    std::env::var_os("SHOTBOOK_CA_FILE").filter(|v| !v.is_empty()).map(PathBuf::from)
}

/// Memory that a simulation may take: three quarters of what is free. Units: bytes.
pub fn memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let free = text
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:"))
        .and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    free.map_or(4 << 30, |kib| kib.saturating_mul(1024) / 4 * 3)
}
