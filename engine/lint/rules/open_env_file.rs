//! `open-env-file`: an env file that is not closed, so that the model reads what is set in it.

use crate::closed;
use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, paths};

pub(super) const RULE: Rule = Rule {
    name: "open-env-file",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("open-env-file"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let Some(env) = &subject.playbook.env else { return };
    let file = env.file.value.as_str();
    if file.is_empty() || paths::outside(file).is_some() || closed::is_secret(file) {
        return;
    }
    let message = format!("`{file}` is open: every stage can read what is set in it");
    report(
        RULE.at(env.file.span, message)
            .help("use a file that is closed to every tool, such as `.env` or `.env.local`"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_keys};

    #[test]
    fn an_env_file_is_closed() {
        let found =
            |file: &str| of_keys(&RULE, &format!("env: {{file: {file}, keys: {{A: b}}}}")).len();
        each(&[".env.example", "settings.py", "config/env.txt", "env"], 1, found);
        each(&[".env", ".env.local", "web/.env", "dev.env", ".envrc", "../.env"], 0, found);
    }
}
