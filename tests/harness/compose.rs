//! `docker-compose.yml`, as a real compose parser understands it: anchors merged, names resolved, defaults filled in.

use crate::programs;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The parsed file.
#[derive(Debug, Clone)]
pub struct Compose {
    parsed: Value,
}

/// The file that people use.
#[must_use]
pub fn file() -> PathBuf {
    launch::build::workspace().join("docker-compose.yml")
}

impl Compose {
    /// Our file; none where no compose parser is installed ([`programs`] says what that means).
    ///
    /// # Panics
    /// When the parser refuses the file.
    #[must_use]
    pub fn of_this_repository() -> Option<Self> {
        let parser = programs::compose_parser()?;
        let output = parse(&parser, &file());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "the compose parser refuses {}:\n{said}",
            file().display()
        );
        Some(Self {
            parsed: serde_json::from_slice(&output.stdout).expect("the parser prints JSON"),
        })
    }

    /// Everything that the parser understood.
    #[must_use]
    pub fn parsed(&self) -> &Value {
        &self.parsed
    }

    /// The services with their names.
    ///
    /// # Panics
    /// When there are none.
    pub fn services(&self) -> impl Iterator<Item = (&str, &Value)> {
        let services = self.parsed["services"].as_object().expect("services");
        services.iter().map(|(name, service)| (name.as_str(), service))
    }

    /// One service.
    ///
    /// # Panics
    /// When there is none of this name.
    #[must_use]
    pub fn service(&self, name: &str) -> &Value {
        self.parsed["services"].get(name).unwrap_or_else(|| panic!("no service {name}"))
    }

    /// A service's settings.
    ///
    /// # Panics
    /// When one of them is not given a value in the file.
    #[must_use]
    pub fn environment(&self, service: &str) -> BTreeMap<String, String> {
        let Some(settings) = self.service(service)["environment"].as_object() else {
            return BTreeMap::new();
        };
        let pair = |(name, value): (&String, &Value)| {
            let value = value.as_str().unwrap_or_else(|| panic!("{service}: {name} has no value"));
            (name.clone(), value.to_owned())
        };
        settings.iter().map(pair).collect()
    }
}

/// Runs the parser on a compose file.
///
/// # Panics
/// When the parser cannot be run.
#[must_use]
pub fn parse(parser: &[OsString], file: &Path) -> Output {
    let (program, first_words) = parser.split_first().expect("a program");
    Command::new(program)
        .args(first_words)
        .arg("--file")
        .arg(file)
        .args(["config", "--format", "json"])
        .env_remove("LACADON_UID")
        .env_remove("LACADON_GID")
        .stdin(Stdio::null())
        .output()
        .expect("the compose parser runs")
}
