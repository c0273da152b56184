//! What a run must not let out: the values of secret inputs, of the project's secret files, and of
//! the person's environment.

use std::collections::BTreeMap;

use crate::gate::workspace::Workspace;
use crate::plan::Inputs;
use crate::redact::{Origin, Vault, values_of_file};

pub use crate::redact::{Clean, Redactor};
pub use crate::source::visible;

/// The largest secret file whose values are read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

impl Redactor {
    /// Collects the values that must not leave. What an example file shows is open.
    pub fn of(workspace: &Workspace, inputs: &Inputs, own: &BTreeMap<String, String>) -> Self {
        let mut vault = Vault::new();
        for (name, secret) in &inputs.secrets {
            vault.keep(&format!("input:{name}"), secret.reveal());
        }
        let text = |path: &str| {
            let small = workspace.length(path).is_some_and(|length| length <= MAX_FILE);
            let bytes = if small { workspace.read_any(path).ok().flatten() } else { None };
            String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
        };
        for path in workspace.files().iter().filter(|path| is_example(path)) {
            for (_, value) in values_of_file(&text(path)) {
                vault.show(&value);
            }
        }
        for path in workspace.secret_files() {
            let origin = if is_env_file(&path) { Origin::EnvFile } else { Origin::SecretFile };
            for (name, value) in values_of_file(&text(&path)) {
                vault.take(origin, &name, &value);
            }
        }
        of_environment(&mut vault, own);
        Redactor::new(&vault)
    }

    /// Collects the values of a person's environment, where there is no project.
    pub fn of_environment(own: &BTreeMap<String, String>) -> Self {
        let mut vault = Vault::new();
        of_environment(&mut vault, own);
        Redactor::new(&vault)
    }
}

fn of_environment(vault: &mut Vault, own: &BTreeMap<String, String>) {
    for (name, value) in own {
        vault.take(Origin::Environment, name, value);
    }
}

/// Whether an env file is one that shows what to fill in: what stands there is no secret.
fn is_example(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.starts_with(".env.")
        && [".example", ".sample", ".template", ".dist"].iter().any(|end| name.ends_with(end))
}

fn is_env_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.to_lowercase().contains("env"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_example_shows_and_where_a_host_is_are_no_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(".env.example", "DATABASE_URL=sqlite:///instance/shop.db\nKEY=\n");
        write(
            ".env",
            "DATABASE_URL=sqlite:///instance/shop.db\nBASE_URL=http://localhost:3000\n\
             HOOK=https://hooks.example.com/T0/canary\nKEY=canary-42\n",
        );
        write(".npmrc", "//registry.example.com/:_authToken=canary-43\n");
        let workspace = Workspace::open(folder.path()).unwrap();
        let own = BTreeMap::from([("ACME_TOKEN".to_owned(), "canary-44".to_owned())]);
        let redactor = Redactor::of(&workspace, &Inputs::default(), &own);
        let text = "sqlite:///instance/shop.db http://localhost:3000";
        assert_eq!(*redactor.clean(text), text);
        let secret = "https://hooks.example.com/T0/canary canary-42 canary-43 canary-44";
        let clean = String::from(redactor.clean(secret));
        let masks = [
            "[REDACTED:env:HOOK#1]",
            "[REDACTED:env:KEY#1]",
            "[REDACTED:file:_authToken#1]",
            "[REDACTED:environment:ACME_TOKEN#1]",
        ];
        assert_eq!(clean, masks.join(" "));
    }
}
