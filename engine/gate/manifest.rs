//! Parts of a package's manifest that run programs unasked: the scripts of its life.

use std::collections::BTreeMap;

use serde_json::Value;

/// What happens to a package, by itself: its scripts run before, at or after it.
const EVENTS: [&str; 12] = [
    "install",
    "uninstall",
    "publish",
    "pack",
    "prepare",
    "version",
    "test",
    "start",
    "stop",
    "restart",
    "shrinkwrap",
    "dependencies",
];

/// Scripts that run when packages are added, whatever else there is.
const UNASKED: [&str; 7] =
    ["install", "uninstall", "prepare", "prepublish", "prepublishonly", "prepack", "dependencies"];

/// Says what a change of a file would let run unasked, if anything: a script of a package's life
/// that was not there, or did something else. `None` of the old bytes is a file that is not there.
pub(super) fn unasked(path: &str, old: Option<&[u8]>, new: &[u8]) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    if !["package.json", "composer.json"].contains(&name.as_str()) {
        return None;
    }
    let Some(after) = scripts(new) else {
        return Some(format!("`{path}` would be no JSON, and is left as it is"));
    };
    let before = old.and_then(scripts).unwrap_or_default();
    let changed = after.iter().chain(&before).find(|(script, _)| {
        is_hook(script, &[&before, &after]) && before.get(*script) != after.get(*script)
    });
    changed.map(|(script, _)| {
        format!(
            "`{path}`: the script `{script}` runs by itself when packages are added or others run; \
             it is protected, and no stage changes it"
        )
    })
}

/// Returns the scripts of a manifest; none where it names none, nothing where it is no JSON.
fn scripts(bytes: &[u8]) -> Option<BTreeMap<String, Value>> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let manifest: Value = serde_json::from_slice(bytes).ok()?;
    let scripts = manifest.get("scripts").and_then(Value::as_object).cloned();
    Some(scripts.unwrap_or_default().into_iter().collect())
}

/// Whether a script runs with something else: before or after an event or another script.
fn is_hook(script: &str, all: &[&BTreeMap<String, Value>]) -> bool {
    let script = script.to_lowercase();
    if UNASKED.contains(&script.as_str()) || script.starts_with("prepare") {
        return true;
    }
    let rest = script.strip_prefix("pre").or_else(|| script.strip_prefix("post"));
    rest.is_some_and(|rest| {
        rest.starts_with('-')
            || EVENTS.contains(&rest)
            || all.iter().any(|scripts| scripts.contains_key(rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(old: Option<&str>, new: &str) -> bool {
        unasked("a/Package.json", old.map(str::as_bytes), new.as_bytes()).is_some()
    }

    #[test]
    fn scripts_that_run_by_themselves_stay_as_they_are() {
        let old = r#"{"scripts": {"dev": "vite", "preview": "x", "postinstall": "y"}}"#;
        for new in [
            r#"{"scripts": {"dev": "vite", "preview": "x", "postinstall": "z"}}"#,
            r#"{"scripts": {"dev": "vite", "preview": "x"}}"#,
            r#"{"scripts": {"dev": "vite", "postinstall": "y", "predev": "z"}}"#,
            r#"{"scripts": {"postinstall": "y", "prepare": "z"}}"#,
            r#"{"scripts": {"postinstall": "y", "prepare:all": "z"}}"#,
            "{",
        ] {
            assert!(refused(Some(old), new), "{new}");
        }
        for new in [
            old,
            "{\"scripts\": {\"dev\": \"other\", \"preview\": \"z\", \"postinstall\": \"y\"}, \"x\": 1}",
        ] {
            assert!(!refused(Some(old), new), "{new}");
        }
        assert!(refused(None, r#"{"scripts": {"install": "x"}}"#));
        assert!(!refused(None, r#"{"name": "x"}"#));
        assert!(!refused(Some(&format!("\u{feff}{old}")), old));
        let composer = br#"{"scripts": {"post-install-cmd": "x"}}"#;
        assert!(unasked("composer.json", None, composer).is_some());
        assert!(unasked("src/a.json", None, composer).is_none());
    }
}
