//! From the engines' errors to codes: walks the causes, takes the innermost one it knows.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use arrow::error::ArrowError;
use buoyant_kernel::Error as KernelError;
use buoyant_kernel::schema::DataType as KernelType;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use deltalake_core::DeltaTableError;
use object_store::Error as StoreError;
use parquet::errors::ParquetError;
use tokio::task::JoinError;

use crate::edge::guard;
use crate::edge::codes::*;
use crate::edge::error::*;

/// How sure a link of the chain is of its code.
enum Verdict {
    /// This is what happened.
    Sure(i32, i32, String),
    /// Only if nothing further out knows better.
    Perhaps(i32, i32, String),
    /// A wrapper.
    Pass,
}
use Verdict::{Pass, Perhaps, Sure};

pub type Link<'a> = &'a (dyn StdError + 'static);

/// The next cause. An `io::Error` hides the error in it from `source`, and so does an `Arc`.
fn next(link: Link<'_>) -> Option<Link<'_>> {
    if let Some(error) = link.downcast_ref::<io::Error>()
        && let Some(inner) = error.get_ref()
    {
        return Some(inner);
    }
    if let Some(error) = link.downcast_ref::<KernelError>() {
        match error {
            KernelError::Arrow(inner) => return Some(inner),
            KernelError::IOError(inner) => return Some(inner),
            KernelError::ObjectStore(inner) => return Some(inner),
            _ => {}
        }
    }
    link.source()
}

/// The variants in which a type may appear in a chain.
fn cast<'a, T: StdError + 'static>(link: Link<'a>) -> Option<&'a T> {
    if let Some(error) = link.downcast_ref::<T>() {
        return Some(error);
    }
    if let Some(error) = link.downcast_ref::<Box<T>>() {
        return Some(error);
    }
    link.downcast_ref::<Arc<T>>().map(AsRef::as_ref)
}

/// Deep enough for any real chain, and an end for one that goes in circles.
const MAX_LINKS: usize = 64;

/// The error of this bridge that came through the engines.
fn ours<'a>(links: &[Link<'a>]) -> Option<&'a Error> {
    links.iter().find_map(|link| cast::<Error>(*link))
}

/// Whether it is an error of this bridge that came through the engines: it says all that is known.
pub fn is_ours(outer: Link<'_>) -> bool {
    ours(&chain(outer)).is_some()
}

fn convert(outer: Link<'_>) -> Error {
    let links = chain(outer);
    if let Some(ours) = ours(&links) {
        return ours.clone();
    }
    let (mut line, mut column) = (0, 0);
    for link in &links {
        if let Some((l, c)) = place(*link) {
            (line, column) = (l, c);
        }
    }
    let mut error = choose(&links);
    error.line = line;
    error.column = column;
    error.chain = chain_text(&links);
    error.os_error = os_error(&links).map_or(0, |(code, _)| code);
    error
}

/// The innermost failure of the operating system, and its words.
fn os_error(links: &[Link<'_>]) -> Option<(i32, String)> {
    links.iter().rev().find_map(|link| {
        let error = cast::<io::Error>(*link)?;
        let text = error.to_string();
        // The number is a field of its own.
        let text = text.split(" (os error ").next().unwrap_or(&text).to_string();
        Some((error.raw_os_error()?, text))
    })
}

impl Error {
    /// What an engine's error says at its root, and its errno or 0: the operating system's words
    /// if it was one of its calls that failed.
    pub fn words_of(error: Link<'_>) -> (String, i32) {
        let links = chain(error);
        match os_error(&links) {
            Some((code, text)) => (text, code),
            None => (choose(&links).message, 0),
        }
    }
}

/// The text of the log that the kernel could not take for a value, and the value's type.
pub fn unparsed(error: Link<'_>) -> Option<(String, KernelType)> {
    chain(error).iter().find_map(|link| match cast::<KernelError>(*link)? {
        KernelError::ParseError(text, t) => Some((text.clone(), t.clone())),
        _ => None,
    })
}

fn chain(outer: Link<'_>) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    let mut link = Some(outer);
    while let Some(current) = link
        && links.len() < MAX_LINKS
    {
        links.push(current);
        link = next(current);
    }
    links
}

fn choose(links: &[Link<'_>]) -> Error {
    let mut perhaps: Option<Error> = None;
    let mut inside_engine = false;
    for (depth, link) in links.iter().enumerate().rev() {
        match judge(*link) {
            Sure(mut code, origin, message) => {
                for outer in links.iter().take(depth) {
                    inside_engine |= cast::<StoreError>(*outer).is_none();
                }
                if code == E_NOT_FOUND && inside_engine {
                    // Nobody asked for the object by name: a table's log did.
                    code = E_FILE_MISSING;
                }
                return Error::new(code, origin, message);
            }
            Perhaps(code, origin, message) => {
                if perhaps.is_none() {
                    perhaps = Some(Error::new(code, origin, message));
                }
            }
            Pass => {}
        }
    }
    perhaps.unwrap_or_else(|| {
        let text = links.last().map_or_else(String::new, ToString::to_string);
        let origin = links.first().map_or(ORIGIN_BRIDGE, |link| origin_of(*link));
        Error::new(E_ENGINE, origin, text)
    })
}

fn origin_of(link: Link<'_>) -> i32 {
    if cast::<DeltaTableError>(link).is_some() {
        ORIGIN_DELTA
    } else if cast::<KernelError>(link).is_some() {
        ORIGIN_KERNEL
    } else if cast::<ArrowError>(link).is_some() {
        ORIGIN_ARROW
    } else if cast::<ParquetError>(link).is_some() {
        ORIGIN_PARQUET
    } else if cast::<StoreError>(link).is_some() {
        ORIGIN_STORE
    } else {
        ORIGIN_DATAFUSION
    }
}

fn chain_text(links: &[Link<'_>]) -> String {
    let mut out = String::new();
    let mut last = String::new();
    for link in links {
        let text = match cast::<DataFusionError>(*link) {
            Some(error) => error.strip_backtrace(),
            None => link.to_string(),
        };
        if text != last {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&text.replace('\n', " "));
        }
        last = text;
    }
    out
}

/// The place in the SQL that a link knows.
fn place(link: Link<'_>) -> Option<(u32, u32)> {
    if let Some(error) = cast::<ParserError>(link) {
        return parser_place(&error.to_string());
    }
    if let Some(DataFusionError::Diagnostic(diagnostic, _)) = cast::<DataFusionError>(link) {
        let start = diagnostic.span?.start;
        return Some((u32::try_from(start.line).ok()?, u32::try_from(start.column).ok()?));
    }
    None
}

/// `... at Line: 3, Column: 14`
pub fn parser_place(text: &str) -> Option<(u32, u32)> {
    let (_, tail) = text.rsplit_once("Line: ")?;
    let (line, tail) = tail.split_once(", Column: ")?;
    let digits: String = tail.chars().take_while(char::is_ascii_digit).collect();
    Some((line.trim().parse().ok()?, digits.parse().ok()?))
}

fn judge(link: Link<'_>) -> Verdict {
    if let Some(error) = cast::<DataFusionError>(link) {
        return datafusion(error);
    }
    if let Some(error) = cast::<SchemaError>(link) {
        let code = match error {
            SchemaError::FieldNotFound { .. } => E_UNKNOWN_COLUMN,
            _ => E_SQL_PLAN,
        };
        return Sure(code, ORIGIN_DATAFUSION, error.to_string());
    }
    if let Some(error) = cast::<ParserError>(link) {
        let text = error.to_string();
        let text = text.trim_start_matches("sql parser error: ").to_string();
        if matches!(error, ParserError::RecursionLimitExceeded) {
            return Sure(E_TOO_LARGE, ORIGIN_DATAFUSION, text);
        }
        return Sure(E_SQL_SYNTAX, ORIGIN_DATAFUSION, text);
    }
    if let Some(error) = cast::<StoreError>(link) {
        return store(error);
    }
    if let Some(error) = cast::<ParquetError>(link) {
        return parquet(error);
    }
    if let Some(error) = cast::<ArrowError>(link) {
        return arrow(error);
    }
    if let Some(error) = cast::<KernelError>(link) {
        return kernel(error);
    }
    if let Some(error) = cast::<DeltaTableError>(link) {
        return delta(error);
    }
    if let Some(error) = cast::<JoinError>(link) {
        let code = if error.is_panic() { E_PANIC } else { E_CANCELLED };
        return Sure(code, ORIGIN_BRIDGE, guard::with_cause(error.to_string()));
    }
    if let Some(error) = cast::<io::Error>(link) {
        return match error.kind() {
            _ if error.get_ref().is_some() => Pass,
            io::ErrorKind::OutOfMemory => Sure(E_NO_MEMORY, ORIGIN_BRIDGE, error.to_string()),
            _ => Perhaps(E_IO, ORIGIN_BRIDGE, error.to_string()),
        };
    }
    Pass
}

fn datafusion(error: &DataFusionError) -> Verdict {
    let plain = |code: i32, text: &str| {
        let text = text.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or(text);
        Sure(code, ORIGIN_DATAFUSION, text.to_string())
    };
    match error {
        DataFusionError::Plan(text) => plain(E_SQL_PLAN, text),
        DataFusionError::Configuration(text) => plain(E_BAD_VALUE, text),
        DataFusionError::Execution(text) => plain(E_EXECUTION, text),
        DataFusionError::ResourcesExhausted(text) => plain(E_MEMORY, text),
        DataFusionError::NotImplemented(text)
        | DataFusionError::Internal(text)
        | DataFusionError::Substrait(text)
        | DataFusionError::Ffi(text) => plain(E_ENGINE, text),
        _ => Pass,
    }
}

fn arrow(error: &ArrowError) -> Verdict {
    let code = match error {
        ArrowError::ExternalError(_) | ArrowError::IoError(..) => return Pass,
        ArrowError::NotYetImplemented(_) => E_ENGINE,
        ArrowError::MemoryError(_) => E_MEMORY,
        ArrowError::IpcError(_)
        | ArrowError::ParquetError(_)
        | ArrowError::AvroError(_)
        | ArrowError::CsvError(_) => E_FILE_CORRUPT,
        ArrowError::CDataInterface(_) => E_BUG,
        _ => E_EXECUTION,
    };
    Sure(code, ORIGIN_ARROW, error.to_string())
}

fn parquet(error: &ParquetError) -> Verdict {
    let code = match error {
        ParquetError::External(_) => {
            return Perhaps(E_FILE_CORRUPT, ORIGIN_PARQUET, error.to_string());
        }
        ParquetError::NYI(_) => E_ENGINE,
        _ => E_FILE_CORRUPT,
    };
    Sure(code, ORIGIN_PARQUET, error.to_string())
}

fn store(error: &StoreError) -> Verdict {
    let code = match error {
        StoreError::NotFound { .. } => E_NOT_FOUND,
        StoreError::AlreadyExists { .. } => E_EXISTS,
        StoreError::Precondition { .. } | StoreError::NotModified { .. } => E_CONFLICT,
        StoreError::InvalidPath { .. } | StoreError::UnknownConfigurationKey { .. } => E_BAD_VALUE,
        StoreError::JoinError { .. } => return Pass,
        StoreError::Generic { store: "LocalFileSystem", .. } => E_IO,
        _ => E_STORE,
    };
    // A panic inside counts for more than the store that it happened in.
    Sure(code, ORIGIN_STORE, error.to_string())
}

fn kernel(error: &KernelError) -> Verdict {
    let code = match error {
        KernelError::Backtraced { .. } => return Pass,
        KernelError::Arrow(_)
        | KernelError::IOError(_)
        | KernelError::ObjectStore(_)
        | KernelError::Parquet(_)
        | KernelError::GenericError { .. } => return Pass,
        KernelError::Generic(_) | KernelError::InternalError(_) => {
            return Perhaps(E_ENGINE, ORIGIN_KERNEL, error.to_string());
        }
        KernelError::FileNotFound(_) => E_FILE_MISSING,
        KernelError::FileAlreadyExists(_) => E_EXISTS,
        KernelError::MissingVersion => E_VERSION_MISSING,
        KernelError::Unsupported(_) | KernelError::InvalidColumnMappingMode(_) => {
            E_FEATURE_UNSUPPORTED
        }
        KernelError::InvalidTableLocation(_) | KernelError::InvalidUrl(_) => E_BAD_VALUE,
        KernelError::DeletionVector(_) => E_FILE_CORRUPT,
        KernelError::Cancelled => E_CANCELLED,
        KernelError::JoinFailure(_) => E_PANIC,
        KernelError::EngineDataType(_) | KernelError::InvalidExpressionEvaluation(_) => E_ENGINE,
        _ => E_LOG_CORRUPT,
    };
    Sure(code, ORIGIN_KERNEL, error.to_string())
}

fn delta(error: &DeltaTableError) -> Verdict {
    let code = match error {
        DeltaTableError::NotATable(_) => E_TABLE_MISSING,
        DeltaTableError::InvalidVersion(_) => E_VERSION_MISSING,
        DeltaTableError::InvalidJsonLog { .. }
        | DeltaTableError::InvalidStatsJson { .. }
        | DeltaTableError::MetadataError(_)
        | DeltaTableError::NoSchema => E_LOG_CORRUPT,
        DeltaTableError::SchemaMismatch { .. } => E_SCHEMA_CHANGED,
        DeltaTableError::VersionAlreadyExists(_) => E_CONFLICT,
        DeltaTableError::UnsupportedColumnMapping { .. } => E_FEATURE_UNSUPPORTED,
        DeltaTableError::InvalidTableLocation(_) | DeltaTableError::MissingFeature { .. } => {
            E_BAD_VALUE
        }
        DeltaTableError::InvalidData { .. }
        | DeltaTableError::PartitionError { .. }
        | DeltaTableError::Generic(_) => {
            return Perhaps(E_ENGINE, ORIGIN_DELTA, error.to_string());
        }
        _ => return Pass,
    };
    Sure(code, ORIGIN_DELTA, error.to_string())
}

macro_rules! from {
    ($($type:ty),+ $(,)?) => {
        $(impl From<$type> for Error {
            fn from(error: $type) -> Self {
                convert(&error)
            }
        })+
    };
}
from!(
    DataFusionError,
    ArrowError,
    ParquetError,
    StoreError,
    DeltaTableError,
    KernelError,
    JoinError,
    io::Error,
);

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        error.into_df()
    }
}
