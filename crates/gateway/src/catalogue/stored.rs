//! The updated catalogue, in a file of the data directory.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Catalogue, Families, Known};

/// No catalogue is larger: all of models.dev is a twentieth of it.
pub const LARGEST: u64 = 64 << 20;

/// Where it is.
pub fn path(data: &Path) -> PathBuf {
    data.join("catalogue.json")
}

impl Catalogue {
    /// What is known: the catalogue in the tree, and the updated one over it.
    /// An updated one that cannot be read is passed over, as is one that a
    /// newer release has overtaken.
    pub fn read(data: &Path) -> Self {
        let vendored = Self::vendored();
        let path = path(data);
        match read(&path) {
            Ok(None) => vendored,
            Ok(Some(updated)) if updated.version < vendored.version => {
                tracing::info!(
                    path = %path.display(), of = %updated.version, newer = %vendored.version,
                    "the updated catalogue is older than the program's own, and passed over"
                );
                vendored
            }
            Ok(Some(updated)) => vendored.under(updated),
            Err(error) => {
                tracing::warn!(
                    path = %path.display(), %error,
                    "the updated catalogue cannot be read, and is passed over \
                     (hint: run `tokn-router update-catalogue`, or delete the file)"
                );
                vendored
            }
        }
    }

    /// Keeps it as the updated one, whole or not at all. Blocks on the disk.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, data: &Path) -> Result<(), config::Error> {
        config::files::replace(&path(data), self.text().as_bytes())
    }

    /// One model a line, so that two of them can be compared.
    pub(super) fn text(&self) -> String {
        let families = Families::NAMES.iter().zip(self.models.each_ref());
        let families: Vec<String> = families
            .map(|(name, models)| {
                let models: Vec<String> =
                    models.iter().map(|(id, known)| line(id, known)).collect();
                format!("    {}: {{{}\n    }}", json!(name), models.join(","))
            })
            .collect();
        format!(
            "{{\n  \"version\": {},\n  \"models\": {{\n{}\n  }}\n}}\n",
            json!(self.version),
            families.join(",\n")
        )
    }
}

fn line(id: &str, known: &Known) -> String {
    // Only a map whose keys are no text cannot be written.
    let known = serde_json::to_string(known).unwrap_or_else(|_| "{}".into());
    format!("\n      {}: {known}", json!(id))
}

fn read(path: &Path) -> io::Result<Option<Catalogue>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(Some(Catalogue::parse(&text)?))
}

#[cfg(test)]
mod tests {
    use config::ProviderId;
    use proptest::prelude::*;

    use super::super::testing::some_catalogue;
    use super::*;

    proptest! {
        #[test]
        fn it_is_read_as_it_was_written(catalogue in some_catalogue()) {
            prop_assert_eq!(Catalogue::parse(&catalogue.text()).unwrap(), catalogue);
        }
    }

    const NEW_PRICE: &str = r#"{"gpt-5-mini": {"cost": {"input": 7}}}"#;

    /// The input price of a vendored model, with this in the data directory.
    fn price_with(file: &str) -> Option<f64> {
        let data = tempfile::tempdir().unwrap();
        config::files::replace(&path(data.path()), file.as_bytes()).unwrap();
        let catalogue = Catalogue::read(data.path());
        let known = catalogue.model(ProviderId::GithubCopilot, "gpt-5-mini")?;
        assert_eq!(known.name.as_deref(), Some("GPT-5 mini"));
        known.cost?.input
    }

    #[test]
    fn an_updated_catalogue_is_laid_over_the_programs_own() {
        let file = format!(r#"{{"version": "2999-01-01", "models": {{"copilot": {NEW_PRICE}}}}}"#);
        assert_eq!(price_with(&file), Some(7.0));
        let nothing = Catalogue::read(Path::new("/nowhere"));
        assert_eq!(nothing, Catalogue::vendored());
    }

    #[test]
    fn one_that_a_newer_release_has_overtaken_is_passed_over() {
        let file = format!(r#"{{"version": "2026-01-01", "models": {{"copilot": {NEW_PRICE}}}}}"#);
        assert_eq!(price_with(&file), Some(0.25));
    }

    #[test]
    fn one_that_is_broken_is_passed_over() {
        for broken in [
            "",
            "not json",
            "[]",
            r#"{"version": "2999-01-01"}"#,
            r#"{"version": "2999-01-01", "models": {"copilot": {"gpt-5-mini": {"cost": {"input": "7"}}}}}"#,
            r#"{"version": "tomorrow", "models": {"copilot": {}}}"#,
        ] {
            assert_eq!(price_with(broken), Some(0.25), "{broken}");
        }
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(path(data.path())).unwrap();
        assert_eq!(Catalogue::read(data.path()), Catalogue::vendored());
    }
}
