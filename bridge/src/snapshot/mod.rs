//! Tables of Delta Lake at one version: their log, their files, their errors.

pub(crate) mod export;
pub(crate) mod delta_text;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod snap;
