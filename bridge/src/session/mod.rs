//! Sessions: settings, functions, rules, declared inputs.

pub(crate) mod export;
pub(crate) mod host_settings;
pub(crate) mod other_name;
pub(crate) mod rules;
pub(crate) mod sess;
pub(crate) mod sess_macros;
pub(crate) mod sess_rules;
pub(crate) mod star;
pub(crate) mod tables;
