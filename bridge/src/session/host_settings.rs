//! Settings of the host that are shown with the engine's.

use std::any::Any;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::common::{DataFusionError, Result as DfResult};

/// Keys and values as the host gave them: shown, never read here.
#[derive(Clone, Debug)]
pub struct HostSettings {
    entries: Vec<(String, String)>,
}

impl HostSettings {
    /// Whole keys with their values.
    pub fn new(entries: Vec<(String, String)>) -> Self {
        Self { entries }
    }
}

impl ConfigExtension for HostSettings {
    // Only the engine's place for them; the keys are the host's.
    const PREFIX: &'static str = "host";
}

impl ExtensionOptions for HostSettings {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> DfResult<()> {
        let message = format!("the setting {key} is fixed when the session is made");
        Err(DataFusionError::Configuration(message))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let entry = |(key, value): &(String, String)| ConfigEntry {
            key: key.clone(),
            value: Some(value.clone()),
            description: "",
        };
        self.entries.iter().map(entry).collect()
    }
}
