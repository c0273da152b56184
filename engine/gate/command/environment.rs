//! What a command is told of the person's environment.

use std::collections::BTreeMap;
use std::path::Path;

/// Variables that a command gets from the person's environment, by name or by prefix.
const PASSED: [&str; 34] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_*",
    "TMPDIR",
    "TZ",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "GOCACHE",
    "GOMODCACHE",
    "JAVA_HOME",
    "NVM_DIR",
    "PNPM_HOME",
    "COREPACK_HOME",
    "VOLTA_HOME",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "GEM_HOME",
    "RBENV_ROOT",
    "COMPOSER_HOME",
    "npm_config_cache",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "XDG_CACHE_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CURL_CA_BUNDLE",
    "SystemRoot",
];

/// Makes a child's environment: what the allow list and `more` name, and a path that leads nowhere
/// near the project.
pub(super) fn environment(
    own: &BTreeMap<String, String>,
    more: &[String],
    root: &Path,
) -> BTreeMap<String, String> {
    let passed = |name: &str| {
        more.iter().any(|more| more == name)
            || PASSED.iter().any(|allowed| match allowed.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == *allowed,
            })
    };
    let mut environment: BTreeMap<String, String> = own
        .iter()
        .filter(|(name, _)| passed(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(path) = environment.get_mut("PATH") {
        let folders = std::env::split_paths(path.as_str())
            .filter(|folder| folder.is_absolute() && !folder.starts_with(root));
        if let Ok(joined) = std::env::join_paths(folders) {
            *path = joined.to_string_lossy().into_owned();
        }
    }
    environment.insert("CI".to_owned(), "1".to_owned());
    environment.insert("TERM".to_owned(), "dumb".to_owned());
    environment.insert("NO_COLOR".to_owned(), "1".to_owned());
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_gets_only_what_the_list_names() {
        let own = BTreeMap::from([
            ("PATH".to_owned(), "/usr/bin:bin:/project/bin".to_owned()),
            ("LC_ALL".to_owned(), "C".to_owned()),
            ("ACME_API_KEY".to_owned(), "canary".to_owned()),
        ]);
        let child = environment(&own, &[], Path::new("/project"));
        let names: Vec<&str> = child.keys().map(String::as_str).collect();
        assert_eq!(names, ["CI", "LC_ALL", "NO_COLOR", "PATH", "TERM"]);
        assert_eq!(child["PATH"], "/usr/bin");
    }
}
