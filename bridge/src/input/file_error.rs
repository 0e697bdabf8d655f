//! Which file failed, and how: the Parquet reader passes a store's error on as text only, so
//! that a file that is not there looks like a broken one.

use std::sync::Arc;

use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::edge::codes::{E_FILE_CORRUPT, E_FILE_MISSING, E_IO, E_STORE};
use crate::edge::error::{Error, ORIGIN_STORE};
use crate::store::place;
use crate::store::whole::{self, Look};

/// What could not be read of a file.
#[derive(Clone, Copy)]
pub enum Part {
    /// What says where everything else is.
    Footer,
    /// Bytes up to this one.
    Bytes(u64),
}

impl Part {
    /// The file is there, and as long as it should be: who failed, the store or who wrote the file?
    async fn blamed(self, store: &Arc<dyn ObjectStore>, file: &ObjectMeta) -> i32 {
        let broken = match self {
            Self::Bytes(end) => end > file.size,
            Self::Footer => {
                let look = whole::look_at_footer(Arc::clone(store), file.clone()).await;
                matches!(look, Look::Broken(_))
            }
        };
        if broken { E_FILE_CORRUPT } else { E_STORE }
    }
}

/// Looks at the file that could not be read: is it there, and as long as it should be?
pub async fn explain(
    part: Part,
    what: &str,
    store: &Arc<dyn ObjectStore>,
    file: &ObjectMeta,
    error: Error,
) -> Error {
    let location = place::path_of(&file.location);
    let shown = |text: &str| place::shown(&file.location, text);
    match error.code {
        E_FILE_CORRUPT | E_FILE_MISSING => {}
        E_STORE | E_IO => {
            let message = format!("{what}: the file {location}: {}", shown(&error.message));
            return Error { message, chain: shown(&error.chain), ..error };
        }
        _ => return error,
    }
    let (code, origin, message) = match store.head(&file.location).await {
        Err(object_store::Error::NotFound { .. }) => {
            (E_FILE_MISSING, ORIGIN_STORE, format!("{what}: the file {location} is not there"))
        }
        Err(e) => return Error::from(e),
        Ok(found) if found.size != file.size => {
            let text = format!(
                "{what}: the file {location} has {} bytes, not {} as it should",
                found.size, file.size
            );
            (E_FILE_CORRUPT, error.origin, text)
        }
        Ok(_) => {
            let code = part.blamed(store, file).await;
            (code, error.origin, format!("{what}: the file {location}: {}", shown(&error.message)))
        }
    };
    let chain = if error.chain.is_empty() { error.message } else { error.chain };
    Error { chain: shown(&chain), ..Error::new(code, origin, message) }
}
