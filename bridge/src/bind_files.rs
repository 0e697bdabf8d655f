//! An input bound to Parquet files by name: staged ones, that no log has yet.

use std::sync::Arc;

use arrow::datatypes::{FieldRef, Schema};
use async_trait::async_trait;
use chrono::DateTime;
use datafusion::common::ScalarValue;
use datafusion::common::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;

use crate::abi::{self, wb_err, wb_file, wb_str};
use crate::codes::E_UNKNOWN_COLUMN;
use crate::delta_text;
use crate::error::{Error, ORIGIN_BRIDGE, Result};
use crate::guard;
use crate::input::{Bound, Wanted, wb_bind};
use crate::store::{StoreInner, path_of, wb_store};
use crate::store_place::Place;

/// A file and the values of the partition columns in it.
#[derive(Debug, Clone)]
pub struct StagedFile {
    /// Below the store's root, as it is (not percent-encoded).
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// In Delta's text form, in the order of the partition columns.
    pub values: Vec<Option<String>>,
}

/// Files of a store.
#[derive(Debug)]
pub struct FilesBound {
    /// What the engine is told of where they are, and of no other list.
    place: Place,
    partition_columns: Vec<String>,
    files: Vec<StagedFile>,
}

impl FilesBound {
    /// `partition_columns`: those that are not in the files; rows come in the files' order.
    pub fn new(
        store: &StoreInner,
        partition_columns: Vec<String>,
        files: Vec<StagedFile>,
    ) -> Result<Self> {
        Ok(Self { place: Place::new(store)?, partition_columns, files })
    }

    fn partition_fields(&self, declared: &Schema) -> Result<Vec<FieldRef>> {
        self.partition_columns
            .iter()
            .map(|name| match declared.fields().find(name) {
                Some((_, field)) => Ok(Arc::clone(field)),
                None => {
                    let message = format!("the partition column {name} was not declared");
                    Err(Error::new(E_UNKNOWN_COLUMN, ORIGIN_BRIDGE, message))
                }
            })
            .collect()
    }

    fn file(&self, file: &StagedFile, fields: &[FieldRef]) -> Result<PartitionedFile> {
        let mut values: Vec<ScalarValue> = Vec::with_capacity(fields.len());
        for (i, field) in fields.iter().enumerate() {
            let text = file.values.get(i).and_then(|v| v.as_deref());
            values.push(delta_text::parse(field.name(), text, field.data_type())?);
        }
        // From the parts, because a path as text would be percent-encoded once more.
        let meta = ObjectMeta {
            location: self.place.location(&path_of(&file.path)?),
            last_modified: DateTime::UNIX_EPOCH,
            size: file.size,
            e_tag: None,
            version: None,
        };
        Ok(PartitionedFile::new_from_meta(meta).with_partition_values(values))
    }
}

#[async_trait]
impl Bound for FilesBound {
    fn kind(&self) -> &'static str {
        "files"
    }

    async fn scan(&self, wanted: &Wanted<'_>) -> Result<Arc<dyn ExecutionPlan>> {
        self.place.register(wanted.state.runtime_env());
        if self.files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::clone(wanted.schema))));
        }
        let partition_fields = self.partition_fields(wanted.declared)?;
        let in_files: Vec<FieldRef> = wanted
            .declared
            .fields()
            .iter()
            .filter(|field| !self.partition_columns.contains(field.name()))
            .cloned()
            .collect();
        let table = TableSchema::builder(Arc::new(Schema::new(in_files)))
            .with_table_partition_cols(partition_fields.clone())
            .build();
        let mut projection = Vec::with_capacity(wanted.schema.fields().len());
        for field in wanted.schema.fields() {
            projection.push(table.table_schema().index_of(field.name())?);
        }
        let options = TableParquetOptions {
            global: wanted.state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let source = ParquetSource::new(table).with_table_parquet_options(options);
        let files: Result<Vec<PartitionedFile>> =
            self.files.iter().map(|file| self.file(file, &partition_fields)).collect();
        let config = FileScanConfigBuilder::new(self.place.key.clone(), Arc::new(source))
            .with_file_groups(vec![files?.into()])
            .with_projection_indices(Some(projection))?
            .with_limit(wanted.limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Binds schema.table to plain Parquet files below the store's root (staged ones); partition
/// columns are those of the declared schema named here, values in Delta's text form.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_bind_files(
    bind: *mut wb_bind,
    schema: wb_str,
    table: wb_str,
    store: *const wb_store,
    partition_columns: *const wb_str,
    n_partition_columns: usize,
    files: *const wb_file,
    n_files: usize,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_bind_files", err, || {
        // SAFETY: the caller's promise.
        let (bind, schema, table, store, partition_columns, files) = unsafe {
            (
                abi::in_ref(bind.cast_const())?,
                schema.to_str()?,
                table.to_str()?,
                abi::in_ref(store)?,
                abi::strings(partition_columns, n_partition_columns)?,
                abi::slice_of(files, n_files)?,
            )
        };
        let mut staged = Vec::with_capacity(files.len());
        for file in files {
            // SAFETY: the caller's promise.
            let (path, texts, nulls) = unsafe {
                let path = file.path.to_str()?.to_string();
                let texts = abi::slice_of(file.partition_values, n_partition_columns)?;
                // NULL: no value is null.
                let nulls = match file.partition_nulls.is_null() {
                    true => &[],
                    false => abi::slice_of(file.partition_nulls, n_partition_columns)?,
                };
                (path, texts, nulls)
            };
            let mut values = Vec::with_capacity(texts.len());
            for (i, text) in texts.iter().enumerate() {
                let null = nulls.get(i).copied().unwrap_or(false);
                values.push(if null {
                    None
                } else {
                    // SAFETY: the caller's promise.
                    Some(unsafe { text.to_str()? }.to_string())
                });
            }
            staged.push(StagedFile { path, size: file.size, values });
        }
        let bound = FilesBound::new(&store.inner, partition_columns, staged)?;
        bind.insert(schema, table, Arc::new(bound));
        Ok(())
    })
}
