//! From a URL and options to a store.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::SpawnedReqwestConnector;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreScheme, RetryConfig};
use tokio::runtime::Handle;
use url::Url;

use crate::edge::codes::E_BAD_VALUE;
use crate::edge::error::{Error, ORIGIN_BRIDGE, ORIGIN_STORE, Result};
use crate::store::folder::FolderStore;

/// A store that was opened.
pub struct Opened {
    /// Rooted at the URL's path.
    pub store: Arc<dyn ObjectStore>,
    /// Whether it lists in the order of paths.
    pub sorted: bool,
    /// The same as a text.
    pub shown: String,
}

fn bad(message: String) -> Error {
    Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message)
}

fn plain(url: &Url) -> Url {
    let mut shown = url.clone();
    // A user name that stands for a container is no secret; a password is.
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown
}

fn millis(key: &str, value: &str) -> Result<Duration> {
    let (number, unit) = match value.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (value.strip_suffix('s').unwrap_or(value), 1000),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(unit))
        .map(Duration::from_millis)
        .ok_or_else(|| {
            bad(format!("store option {key}: \"{value}\" is no time such as 10s or 250ms"))
        })
}

/// Takes an option about retries; false if it is about something else.
fn retry_option(retry: &mut RetryConfig, key: &str, value: &str) -> Result<bool> {
    match key {
        "max_retries" => {
            retry.max_retries = value
                .parse()
                .map_err(|_| bad(format!("store option {key}: \"{value}\" is no number")))?;
        }
        "retry_timeout" => retry.retry_timeout = millis(key, value)?,
        "retry_init_backoff" => retry.backoff.init_backoff = millis(key, value)?,
        "retry_max_backoff" => retry.backoff.max_backoff = millis(key, value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The options of one kind of store, and those about retries.
fn sort_options<K: FromStr>(
    kind: &str,
    options: &[(String, String)],
) -> Result<(Vec<(K, String)>, RetryConfig)> {
    let mut retry = RetryConfig::default();
    let mut keys = Vec::with_capacity(options.len());
    for (key, value) in options {
        let lower = key.to_ascii_lowercase();
        if retry_option(&mut retry, &lower, value)? {
            continue;
        }
        let parsed = K::from_str(&lower)
            .map_err(|_| bad(format!("unknown store option {key} for {kind}")))?;
        keys.push((parsed, value.clone()));
    }
    Ok((keys, retry))
}

fn no_options(kind: &str, options: &[(String, String)]) -> Result<()> {
    match options.first() {
        None => Ok(()),
        Some((key, _)) => Err(bad(format!("unknown store option {key} for {kind}"))),
    }
}

fn rooted<S: ObjectStore>(store: S, prefix: Path) -> Arc<dyn ObjectStore> {
    if prefix.as_ref().is_empty() {
        Arc::new(store)
    } else {
        Arc::new(PrefixStore::new(store, prefix))
    }
}

fn refused(e: object_store::Error, url: &str) -> Error {
    Error::new(E_BAD_VALUE, ORIGIN_STORE, format!("the store {url} cannot be opened: {e}"))
}

/// Opens a store.
/// `io`: the threads for its requests, if they are not to run where they are made.
pub fn open(text: &str, options: &[(String, String)], io: Option<&Handle>) -> Result<Opened> {
    let url = Url::parse(text).map_err(|e| bad(format!("\"{text}\" is no URL of a store: {e}")))?;
    let shown = plain(&url).to_string();
    let (scheme, prefix) = ObjectStoreScheme::parse(&url)
        .map_err(|e| bad(format!("\"{shown}\" is no URL of a store: {e}")))?;
    let mut sorted = true;
    let store: Arc<dyn ObjectStore> = match scheme {
        ObjectStoreScheme::Local => {
            no_options("file", options)?;
            let dir = url
                .to_file_path()
                .map_err(|()| bad(format!("\"{shown}\" is no absolute path of this machine")))?;
            Arc::new(FolderStore::new(dir).map_err(|e| refused(e, &shown))?)
        }
        ObjectStoreScheme::Memory => {
            no_options("memory", options)?;
            rooted(InMemory::new(), prefix)
        }
        ObjectStoreScheme::AmazonS3 => {
            let (keys, retry) = sort_options::<AmazonS3ConfigKey>("s3", options)?;
            // Directory buckets list in no order.
            let host = url.host_str().unwrap_or_default();
            sorted = !(host.contains("--x-s3") || host.contains("-xa-s3"));
            let mut builder = AmazonS3Builder::new().with_url(text).with_retry(retry);
            if let Some(io) = io {
                builder = builder.with_http_connector(SpawnedReqwestConnector::new(io.clone()));
            }
            for (key, value) in keys {
                builder = builder.with_config(key, value);
            }
            rooted(builder.build().map_err(|e| refused(e, &shown))?, prefix)
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            let (keys, retry) = sort_options::<GoogleConfigKey>("gs", options)?;
            let mut builder = GoogleCloudStorageBuilder::new().with_url(text).with_retry(retry);
            if let Some(io) = io {
                builder = builder.with_http_connector(SpawnedReqwestConnector::new(io.clone()));
            }
            for (key, value) in keys {
                builder = builder.with_config(key, value);
            }
            rooted(builder.build().map_err(|e| refused(e, &shown))?, prefix)
        }
        ObjectStoreScheme::MicrosoftAzure => {
            let (keys, retry) = sort_options::<AzureConfigKey>("azure", options)?;
            let mut builder = MicrosoftAzureBuilder::new().with_url(text).with_retry(retry);
            if let Some(io) = io {
                builder = builder.with_http_connector(SpawnedReqwestConnector::new(io.clone()));
            }
            for (key, value) in keys {
                builder = builder.with_config(key, value);
            }
            rooted(builder.build().map_err(|e| refused(e, &shown))?, prefix)
        }
        _ => return Err(bad(format!("no store for URLs such as \"{shown}\""))),
    };
    Ok(Opened { store, sorted, shown })
}
