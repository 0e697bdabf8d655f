//! Deletion vectors as selections of rows.

use buoyant_kernel::Engine;
use buoyant_kernel::actions::deletion_vector::{
    DeletionVectorDescriptor, DeletionVectorStorageType,
};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};

use crate::edge::codes::{E_FILE_CORRUPT, E_LOG_CORRUPT};
use crate::edge::error::{Error, ORIGIN_DELTA, Result};
use crate::store::place::Place;
use crate::input::table_files::Vector;

fn descriptor(place: &Place, vector: &Vector) -> Result<DeletionVectorDescriptor> {
    let (kind, text) = match (&vector.path, &vector.inline) {
        (Some(path), _) => {
            let mut url = place.url.clone();
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend(path.split('/'));
            }
            (DeletionVectorStorageType::PersistedAbsolute, url.to_string())
        }
        (None, Some(inline)) => (DeletionVectorStorageType::Inline, inline.clone()),
        (None, None) => {
            let message = "a deletion vector has neither a file nor bytes";
            return Err(Error::new(E_LOG_CORRUPT, ORIGIN_DELTA, message));
        }
    };
    Ok(DeletionVectorDescriptor::try_new(kind, text, vector.offset, vector.size, vector.rows)?)
}

fn corrupt(what: &str, why: &str) -> Error {
    let message = format!("the deletion vector of {what} {why}");
    Error::new(E_FILE_CORRUPT, ORIGIN_DELTA, message)
}

/// The rows that are gone, ascending. Reads the vector's file: on a thread that may block.
pub fn gone(engine: &dyn Engine, place: &Place, what: &str, vector: &Vector) -> Result<Vec<u64>> {
    let rows = descriptor(place, vector)?.row_indexes(engine.storage_handler(), &place.url);
    let rows = rows.map_err(Error::from).map_err(|e| {
        let message = format!("the deletion vector of {what}: {}", e.message);
        Error { message, ..e }
    })?;
    if u64::try_from(vector.rows) != Ok(rows.len() as u64) {
        return Err(corrupt(what, &format!("takes {} rows, not {}", rows.len(), vector.rows)));
    }
    Ok(rows)
}

/// What stays of a file of so many rows.
fn selection(what: &str, gone: &[u64], total: u64) -> Result<RowSelection> {
    let outside = || corrupt(what, &format!("names rows beyond its {total}"));
    let mut selectors = Vec::new();
    let mut at = 0;
    for row in gone {
        let stays = row.checked_sub(at).ok_or_else(outside)?;
        if *row >= total {
            return Err(outside());
        }
        let stays = usize::try_from(stays).map_err(|_| outside())?;
        if stays > 0 {
            selectors.push(RowSelector::select(stays));
        }
        match selectors.last_mut() {
            Some(last) if last.skip => last.row_count += 1,
            _ => selectors.push(RowSelector::skip(1)),
        }
        at = row + 1;
    }
    if total > at {
        let stays = usize::try_from(total - at).map_err(|_| outside())?;
        selectors.push(RowSelector::select(stays));
    }
    Ok(RowSelection::from(selectors))
}

/// The file without the rows that are gone. `total` is what its footer says.
pub fn without(
    file: PartitionedFile,
    what: &str,
    gone: &[u64],
    total: u64,
) -> Result<PartitionedFile> {
    Ok(file.with_extension(ParquetRowSelection::new(selection(what, gone, total)?)))
}
