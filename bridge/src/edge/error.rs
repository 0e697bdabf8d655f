//! One error type; what the engines say is sorted into codes in `error_map`.

use std::fmt;

use datafusion::error::DataFusionError;

/// `wb_origin` values.
pub(crate) const ORIGIN_BRIDGE: i32 = 1;
/// DataFusion.
pub(crate) const ORIGIN_DATAFUSION: i32 = 2;
/// delta-rs.
pub(crate) const ORIGIN_DELTA: i32 = 3;
/// The delta kernel.
pub(crate) const ORIGIN_KERNEL: i32 = 4;
/// Arrow.
pub(crate) const ORIGIN_ARROW: i32 = 5;
/// Parquet.
pub(crate) const ORIGIN_PARQUET: i32 = 6;
/// An object store.
pub(crate) const ORIGIN_STORE: i32 = 7;
/// The caller's functions and streams.
pub(crate) const ORIGIN_HOST: i32 = 8;

/// What went wrong, as the C side hears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Error {
    /// A WEIR_E number.
    pub code: i32,
    /// A `wb_origin`.
    pub origin: i32,
    /// The root cause.
    pub message: String,
    /// The causes from the outermost inwards, one a line; may be empty.
    pub chain: String,
    /// 1-based place in the SQL, or 0.
    pub line: u32,
    /// 1-based place in the SQL, or 0.
    pub column: u32,
    /// errno of the operating system's call that failed, or 0.
    pub os_error: i32,
}

/// Short for results of the bridge.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error without causes.
    pub fn new(code: i32, origin: i32, message: impl Into<String>) -> Self {
        Self { code, origin, message: message.into(), ..Self::default() }
    }

    /// The same error with another code.
    pub fn with_code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// Travels through the engine and comes back whole.
    pub fn into_df(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }

    /// The text of a stream's get_last_error: `CODE \x1f message`.
    pub fn stream_text(&self) -> String {
        format!("{}\u{1f}{}", self.code, self.message)
    }

    /// The reverse of `stream_text`; text of any other form is an error of the given code.
    pub fn from_stream_text(text: &str, code: i32, origin: i32) -> Self {
        if let Some((number, message)) = text.split_once('\u{1f}')
            && let Ok(code) = number.parse()
        {
            return Self::new(code, origin, message);
        }
        Self::new(code, origin, text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
