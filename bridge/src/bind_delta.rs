//! An input bound to files of a pinned snapshot.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use async_trait::async_trait;
use buoyant_kernel::table_features::ColumnMappingMode;
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use deltalake_core::delta_datafusion::{DeltaScanNext, FileSelection, MissingSelectedFilePolicy};
use futures::TryStreamExt;

use crate::abi::{self, wb_err, wb_str};
use crate::blank;
use crate::codes::{E_FEATURE_UNSUPPORTED, E_FILE_MISSING, E_SQL_PLAN};
use crate::concat_exec::ConcatExec;
use crate::error::{Error, ORIGIN_DELTA, Result};
use crate::guard;
use crate::input::{Bound, Wanted, wb_bind};
use crate::place_session::PlaceSession;
use crate::snap::{SnapInner, scan_config, wb_snap};
use crate::snap_error;

/// Files of a snapshot: all, or those named.
#[derive(Debug)]
pub struct DeltaBound {
    snap: Arc<SnapInner>,
    files: Option<Vec<String>>,
}

fn has_views(t: &DataType) -> bool {
    match t {
        DataType::Utf8View | DataType::BinaryView => true,
        DataType::List(field) | DataType::LargeList(field) | DataType::Map(field, _) => {
            has_views(field.data_type())
        }
        DataType::Struct(fields) => fields.iter().any(|field| has_views(field.data_type())),
        _ => false,
    }
}

/// The projection of the scan: the wanted columns that the table has, in the table's order.
fn projection(table: &Schema, wanted: &Schema) -> Vec<usize> {
    let has = |name: &String| wanted.field_with_name(name).is_ok();
    table
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| has(field.name()))
        .map(|(index, _)| index)
        .collect()
}

impl DeltaBound {
    /// `files`: None is all files of the snapshot.
    pub fn new(snap: Arc<SnapInner>, files: Option<Vec<String>>) -> Self {
        Self { snap, files }
    }

    /// Splits the files into those with a deletion vector and those without, if there are both.
    /// The reader runs the two kinds as one pipeline in an order that is not the same in every
    /// process; as two scans they come in one order.
    async fn by_vectors(&self) -> Result<Option<[Vec<String>; 2]>> {
        let snapshot = &self.snap.snapshot;
        let may_have = snapshot
            .protocol()
            .reader_features()
            .is_some_and(|features| features.iter().any(|f| f.to_string() == "deletionVectors"));
        // Without the feature there may be vectors all the same: a damaged log. They are
        // applied, in whatever order.
        if !may_have {
            return Ok(None);
        }
        let mut kinds = [Vec::new(), Vec::new()];
        let mut blanks = self.snap.blank_search();
        let mut files = snapshot.files(self.snap.log.as_ref(), None);
        let wanted: Option<std::collections::HashSet<&str>> =
            self.files.as_ref().map(|files| files.iter().map(String::as_str).collect());
        while let Some(batch) = files.try_next().await.map_err(|e| self.snap.explain(e))? {
            if let Some(search) = &mut blanks {
                search.look(&batch)?;
            }
            let rows = crate::snap_files::flatten(&batch)?;
            let (Some(path), Some(vector)) =
                (rows.column_by_name("path"), rows.column_by_name("dv"))
            else {
                return Ok(None);
            };
            let path = path.as_string::<i32>();
            for row in 0..rows.num_rows() {
                let name = path.value(row);
                if wanted.as_ref().is_none_or(|wanted| wanted.contains(name)) {
                    let [with, without] = &mut kinds;
                    let kind = if vector.is_valid(row) { with } else { without };
                    kind.push(name.to_string());
                }
            }
        }
        if let Some(search) = blanks {
            self.snap.keep_blanks(search);
        }
        if let Some(wanted) = &self.files {
            let [with, without] = &kinds;
            // Names that the log does not have, or in another spelling: the reader's to say.
            let found = with.len() + without.len();
            let mut distinct: Vec<&String> = wanted.iter().collect();
            distinct.sort_unstable();
            distinct.dedup();
            if found != distinct.len() {
                return Ok(None);
            }
        }
        let both = kinds.iter().all(|kind| !kind.is_empty());
        Ok(both.then_some(kinds))
    }

    async fn scan_files(
        &self,
        wanted: &Wanted<'_>,
        files: Option<&Vec<String>>,
        blanks: &[String],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let views = wanted.declared.fields().iter().any(|field| has_views(field.data_type()));
        // Filters inside the Parquet reader only if the settings ask for them, and never with
        // view types, whose values they do not compare with plain text.
        let options = wanted.state.config_options();
        let pushdown = options.execution.parquet.pushdown_filters && !views;
        let snapshot = Arc::clone(&self.snap.snapshot);
        let mut scan = DeltaScanNext::new(snapshot, scan_config(pushdown, views))?;
        if let Some(files) = files {
            let selection = FileSelection::from_file_paths(files)
                .with_missing_file_policy(MissingSelectedFilePolicy::Error);
            scan = scan.with_file_selection(selection);
        }
        let schema: SchemaRef = scan.schema();
        let mut columns = projection(&schema, wanted.schema);
        // Of mapped columns the reader cannot make rows without any; the adapter above drops it.
        let mode = self.snap.snapshot.table_configuration().column_mapping_mode();
        if columns.is_empty() && mode != ColumnMappingMode::None && !schema.fields().is_empty() {
            columns.push(0);
        }
        let filters: Vec<_> = wanted
            .filters
            .iter()
            .filter(|filter| {
                // Of the blanks the scan knows no null: it would skip the files that have them.
                filter.column_refs().iter().all(|c| {
                    schema.field_with_name(&c.name).is_ok() && !blanks.contains(&c.name)
                })
            })
            .cloned()
            .collect();
        let session = PlaceSession::new(wanted.state, &self.snap.place, &self.snap.store);
        let plan = scan
            .scan(&session, Some(&columns), &filters, wanted.limit)
            .await
            .map_err(|e| self.explain(e))?;
        self.check_places(&plan)?;
        blank::as_null(plan, blanks)
    }

    fn explain(&self, failed: DataFusionError) -> Error {
        if let Some(e) = snap_error::value(&self.snap.store, &self.snap.snapshot, &failed) {
            return e;
        }
        let error = Error::from(failed);
        if error.code == E_SQL_PLAN && error.message.contains("File selection contains") {
            let version = self.snap.version;
            let message = format!(
                "version {version} of the table {} does not have all of the files asked for: {}",
                self.snap.store.shown, error.message
            );
            let error = Error { message, ..error.with_code(E_FILE_MISSING) };
            return self.snap.place.explained(error);
        }
        self.snap.unreadable(error)
    }

    /// A log can name files anywhere; only those below the table's root are read.
    fn check_places(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
        let place = &self.snap.place;
        let mut outside = None;
        plan.apply(|node| {
            if let Some(source) = node.downcast_ref::<DataSourceExec>()
                && let Some(config) = source.data_source().downcast_ref::<FileScanConfig>()
            {
                let files = config.file_groups.iter().flat_map(|group| group.iter());
                let beside = |f: &&PartitionedFile| !place.holds(&f.object_meta.location);
                if config.object_store_url != place.key {
                    outside = Some(format!("in {}", config.object_store_url.as_str()));
                } else if let Some(file) = files.into_iter().find(beside) {
                    outside = Some(format!("as {}", file.object_meta.location));
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        match outside {
            None => Ok(()),
            Some(which) => {
                let message = format!(
                    "the log of the table {} names files outside the table, {which}",
                    self.snap.store.shown
                );
                Err(Error::new(E_FEATURE_UNSUPPORTED, ORIGIN_DELTA, message))
            }
        }
    }
}

#[async_trait]
impl Bound for DeltaBound {
    fn kind(&self) -> &'static str {
        "delta_native"
    }

    async fn scan(&self, wanted: &Wanted<'_>) -> Result<Arc<dyn ExecutionPlan>> {
        self.snap.place.register(wanted.state.runtime_env());
        let kinds = self.by_vectors().await?;
        let blanks = self.snap.blanks().await?;
        let Some([with, without]) = kinds else {
            return self.scan_files(wanted, self.files.as_ref(), blanks).await;
        };
        let first = self.scan_files(wanted, Some(&with), blanks).await?;
        let second = self.scan_files(wanted, Some(&without), blanks).await?;
        if wanted.state.config().target_partitions() > 1 {
            return Ok(UnionExec::try_new(vec![first, second])?);
        }
        Ok(Arc::new(ConcatExec::new(vec![first, second])))
    }
}

/// Binds schema.table to a pinned snapshot. files: paths relative to the table root as the log
/// has them (percent-encoded as in the log), NULL: all of the snapshot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_bind_delta(
    bind: *mut wb_bind,
    schema: wb_str,
    table: wb_str,
    snap: *const wb_snap,
    files: *const wb_str,
    n_files: usize,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_bind_delta", err, || {
        // SAFETY: the caller's promise.
        let (bind, schema, table, snap, files) = unsafe {
            let names = match files.is_null() && n_files == 0 {
                true => None,
                false => Some(abi::strings(files, n_files)?),
            };
            (
                abi::in_ref(bind.cast_const())?,
                schema.to_str()?,
                table.to_str()?,
                abi::in_ref(snap)?,
                names,
            )
        };
        bind.insert(schema, table, Arc::new(DeltaBound::new(Arc::clone(&snap.inner), files)));
        Ok(())
    })
}
