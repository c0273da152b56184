//! The versions of an airplane's packages, held against its own ranges and the registry.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::gate::command::apart;
use crate::lint::find_name;
use crate::project::Project;
use crate::proof::{Findings, Mark, Seams};
use crate::reference::Sheet;
use crate::version::{Range, Version};

/// Seconds that the registry may take.
const LIMIT: u64 = 2 * 60;

/// Holds what is installed, or locked, against the ranges of the airplane, and asks the registry
/// for newer versions.
pub(super) async fn hold(
    project: &Project,
    sheet: &Sheet,
    seams: &Seams<'_>,
    findings: &mut Findings<'_, '_>,
) {
    let framework = sheet.framework.iter().zip(&sheet.version);
    for (package, range) in framework.chain(&sheet.packages) {
        let (mark, text) = range_of(project, package, range);
        findings.note(mark, text);
    }
    if seams.fetch.is_none() {
        findings.note(Mark::Untried, "the registry was not asked for newer versions: offline");
        return;
    }
    match newer(project, seams).await {
        Ok(newer) if newer.is_empty() => {
            findings.note(Mark::Holds, "its packages are the registry's newest");
        }
        Ok(newer) => {
            for (package, (ours, newest)) in newer {
                findings.note(Mark::Stale, format!("{package} {ours}: the newest is {newest}"));
            }
        }
        Err(reason) => {
            findings.note(Mark::Untried, format!("no newer versions are known: {reason}"));
        }
    }
}

fn range_of(project: &Project, package: &str, range: &str) -> (Mark, String) {
    let Some(read) = Range::parse(range) else {
        return (Mark::Fails, format!("the range `{range}` of {package} cannot be read"));
    };
    let resolved = project.resolved(package);
    match resolved.as_deref().map(|text| (text, Version::parse(text))) {
        Some((text, Some(version))) if read.holds(&version) => {
            (Mark::Holds, format!("{package} {text} is in its range {range}"))
        }
        Some((text, Some(_))) => {
            (Mark::Fails, format!("{package} {text} is not in the range {range} that it says"))
        }
        _ => (Mark::Untried, format!("which version of {package} it is built with is not known")),
    }
}

/// Asks the package manager for direct dependencies that have a newer version: ours and the newest.
async fn newer(
    project: &Project,
    seams: &Seams<'_>,
) -> Result<BTreeMap<String, (String, String)>, String> {
    let manager = project.manager.as_ref().ok_or("it has no package manager that is known")?;
    let argv = manager
        .outdated
        .clone()
        .ok_or_else(|| format!("{} has no way to tell them as JSON", manager.name))?;
    if manager.prepare.is_some() {
        return Err("its packages are not installed".to_owned());
    }
    let argv = manager.with_aliases(argv);
    let invocation = apart(project, seams.environment, "outdated", argv, true, LIMIT);
    let ran = seams.runner.run(&invocation).await?;
    let listed = ran.text.find(['{', '[']).map(|at| &ran.text[at..]).unwrap_or_default();
    // What comes after is said by the program of itself.
    let mut values = serde_json::Deserializer::from_str(listed).into_iter::<Value>();
    let Some(Ok(listed)) = values.next() else {
        return match ran.exit {
            Some(0) if ran.text.trim().is_empty() => Ok(BTreeMap::new()),
            _ => {
                let said = ran.text.trim().lines().last().unwrap_or("it says nothing").to_owned();
                Err(format!("`{}` says: {said}", invocation.argv.join(" ")))
            }
        };
    };
    let newer = read(&listed).into_iter().filter(|(package, _)| is_direct(project, package));
    Ok(newer.collect())
}

/// Reads what package managers print: an object by name, or a list of objects.
fn read(listed: &Value) -> BTreeMap<String, (String, String)> {
    let text = |value: &Value, names: &[&str]| {
        names.iter().find_map(|name| value.get(name)?.as_str()).map(str::to_owned)
    };
    let versions = |value: &Value| {
        let ours = text(value, &["current", "version", "wanted"])?;
        let newest = text(value, &["latest_version", "latest"])?;
        (ours != newest).then_some((ours, newest))
    };
    let listed = listed.get("installed").unwrap_or(listed);
    match listed {
        Value::Array(list) => list
            .iter()
            .filter_map(|it| Some((text(it, &["name", "package"])?, versions(it)?)))
            .collect(),
        Value::Object(by_name) => {
            by_name.iter().filter_map(|(name, it)| Some((name.clone(), versions(it)?))).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// Whether a manifest of the project names a package itself.
fn is_direct(project: &Project, package: &str) -> bool {
    let manifests = project.manager.iter().flat_map(|manager| &manager.manifests);
    let plain = |text: &str| text.to_lowercase().replace(['_', '.'], "-");
    let mut texts = manifests.filter_map(|manifest| project.manifest(manifest));
    texts.any(|text| !find_name(&plain(&text), &plain(package)).is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_package_managers_print_is_read() {
        let wanted = BTreeMap::from([("web".to_owned(), ("1.0.0".to_owned(), "2.1.0".to_owned()))]);
        let by_name = json!({"web": {"current": "1.0.0", "wanted": "1.0.0", "latest": "2.1.0"},
            "same": {"current": "1.0.0", "latest": "1.0.0"}, "odd": 1});
        assert_eq!(read(&by_name), wanted);
        let list = json!([{"name": "web", "version": "1.0.0", "latest_version": "2.1.0"}]);
        assert_eq!(read(&list), wanted);
        let installed =
            json!({"installed": [{"name": "web", "version": "1.0.0", "latest": "2.1.0"}]});
        assert_eq!(read(&installed), wanted);
        assert_eq!(read(&json!("x")), BTreeMap::new());
    }
}
