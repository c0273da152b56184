//! Packages of Python projects.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Place, Sight, exact, tables};
use crate::project::files::text;
use crate::version::Range;

pub(super) fn look(place: Place<'_>, name: &str) -> Sight {
    let name = &normal(name);
    if let Some(venv) = place.venv {
        let versions = venv.packages().iter().flat_map(|it| installed(it, name)).collect();
        let at = format!("installed in `{}`", venv.place(place.root()));
        if let Some(sight) = exact(versions, &at) {
            return sight;
        }
    }
    let declared = declared(place, name);
    let table = |path: &Path, _: &Path| tables(path, &|found| normal(found) == *name);
    let pipenv = |path: &Path, _: &Path| pipenv(path, name);
    let locked = place.locked(
        declared.is_some(),
        &[("uv.lock", &table), ("poetry.lock", &table), ("Pipfile.lock", &pipenv)],
    );
    if let Some(sight) = locked {
        return sight;
    }
    match declared {
        Some((range, file)) => match Range::parse(&range).as_ref().and_then(Range::exact) {
            Some(pin) => Sight::Exact(vec![pin.to_string()], format!("pinned in `{file}`")),
            None => Sight::Declared(range, file),
        },
        None => undeclared(place),
    }
}

/// Makes the one spelling of a name: `Acme_SDK.core` is `acme-sdk-core`.
fn normal(name: &str) -> String {
    let name = name.to_lowercase();
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

/// Lists the versions of a package by the folders `name-version.dist-info`.
fn installed(folder: &Path, name: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let versions = entries.filter_map(|entry| {
        let file = entry.file_name();
        let file = file.to_str()?;
        let stem = file.strip_suffix(".dist-info").or_else(|| file.strip_suffix(".egg-info"))?;
        let (found, version) = stem.split_once('-')?;
        // An egg's name goes on with the version of Python.
        let version = version.split("-py").next().unwrap_or(version);
        (normal(found) == name).then(|| version.to_owned())
    });
    versions.collect()
}

/// Reads `Pipfile.lock`: a name leads to `{version: "==1.2.3"}`.
fn pipenv(path: &Path, name: &str) -> Vec<String> {
    let lock: Value =
        text(path).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let groups = ["default", "develop"].iter().filter_map(|key| lock.get(key)?.as_object());
    let entries = groups.flatten().filter(|(found, _)| normal(found) == name);
    let versions = entries.filter_map(|(_, entry)| entry.get("version")?.as_str());
    versions.map(|version| version.trim_start_matches('=').to_owned()).collect()
}

/// Returns the range of a package and the manifest that declares it.
fn declared(place: Place<'_>, name: &str) -> Option<(String, String)> {
    let of = |file: &'static str| move |range: String| (range, file.to_owned());
    let project = place.table("pyproject.toml").unwrap_or_default();
    let pipfile = place.text("Pipfile").and_then(|text| toml::from_str(&text).ok());
    let settings = place.text("setup.cfg").unwrap_or_default();
    in_project(&project, name)
        .map(of("pyproject.toml"))
        .or_else(|| in_pipfile(&pipfile?, name).map(of("Pipfile")))
        .or_else(|| in_requirements(place.root(), name))
        .or_else(|| in_settings(&settings, name).map(of("setup.cfg")))
}

/// Looks through the lists of requirements and poetry's tables of `pyproject.toml`.
fn in_project(project: &Value, name: &str) -> Option<String> {
    let lists = ["/project/optional-dependencies", "/dependency-groups"].iter();
    let groups = lists.filter_map(|pointer| project.pointer(pointer)?.as_object());
    let lists =
        groups.flat_map(serde_json::Map::values).chain(project.pointer("/project/dependencies"));
    let mut requirements = lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    if let Some(range) = requirements.find_map(|line| requirement(line, name)) {
        return Some(range);
    }
    let poetry = project.pointer("/tool/poetry")?;
    let groups = poetry.get("group").and_then(Value::as_object);
    let groups = groups.into_iter().flat_map(serde_json::Map::values);
    let tables = std::iter::once(poetry).chain(groups).flat_map(|table| {
        ["dependencies", "dev-dependencies"].iter().filter_map(|key| table.get(key)?.as_object())
    });
    tables.flatten().find(|(found, _)| normal(found) == name).map(|(_, value)| range(value))
}

fn in_pipfile(pipfile: &Value, name: &str) -> Option<String> {
    let tables = ["packages", "dev-packages"].iter();
    let mut entries = tables.filter_map(|key| pipfile.get(key)?.as_object()).flatten();
    entries.find(|(found, _)| normal(found) == name).map(|(_, value)| range(value))
}

/// Returns the range of a table's entry: a text, or a record with one.
fn range(value: &Value) -> String {
    let range = value.as_str().or_else(|| value.get("version")?.as_str());
    range.unwrap_or("a path or a repository").to_owned()
}

/// Looks through the files of requirements: those whose names say so, and those they name.
fn in_requirements(root: &Path, name: &str) -> Option<(String, String)> {
    let is_list = |path: &PathBuf| {
        let end = path.extension().and_then(|end| end.to_str());
        path.is_file() && matches!(end, Some("txt" | "in"))
    };
    let list = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut files: Vec<PathBuf> = entries.map(|it| it.path()).filter(is_list).collect();
        files.sort();
        files
    };
    let mut files = list(root);
    files.retain(|file| {
        file.file_name().is_some_and(|name| name.to_string_lossy().contains("requirements"))
    });
    // The one that a program is installed by comes before those of tests and tools.
    files.sort_by_key(|file| file.file_name().is_none_or(|name| name != "requirements.txt"));
    files.extend(list(&root.join("requirements")));
    let mut seen = BTreeSet::new();
    files.iter().find_map(|file| in_list(root, file, name, &mut seen))
}

/// Looks through one file and those it names, each once.
fn in_list(
    root: &Path,
    file: &Path,
    name: &str,
    seen: &mut BTreeSet<PathBuf>,
) -> Option<(String, String)> {
    let file = file.canonicalize().ok().filter(|file| seen.insert(file.clone()))?;
    let shown = file.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/");
    let lines = text(&file)?;
    lines.lines().find_map(|line| {
        let line = line.trim();
        let other = ["-r ", "--requirement ", "--requirement=", "-r"];
        if let Some(other) = other.iter().find_map(|option| line.strip_prefix(option)) {
            let other = file.parent()?.join(other.trim());
            return in_list(root, &other, name, seen);
        }
        requirement(line, name).map(|range| (range, shown.clone()))
    })
}

/// Looks through `install_requires` and the extras of `setup.cfg`.
fn in_settings(settings: &str, name: &str) -> Option<String> {
    settings.lines().find_map(|line| {
        let line = line.trim();
        requirement(
            line.strip_prefix("install_requires")
                .map_or(line, |it| it.trim_start_matches([' ', '='])),
            name,
        )
    })
}

/// Reads `Name[extra]>=1.0,<2; marker  # comment`, and returns its range where the name fits.
fn requirement(line: &str, name: &str) -> Option<String> {
    let line = line.split(" #").next()?.split(" --").next()?.split(';').next()?;
    let line = line.trim().trim_end_matches('\\').trim();
    let end = line.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter)));
    let (found, rest) = line.split_at(end.unwrap_or(line.len()));
    if found.is_empty() || normal(found) != name {
        return None;
    }
    let rest = rest.trim();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1.trim(),
        None => rest,
    };
    Some(rest.to_owned())
}

/// No manifest names the package: what that means depends on what manifests there are.
fn undeclared(place: Place<'_>) -> Sight {
    let project = place.table("pyproject.toml").unwrap_or_default();
    let dynamic = project.pointer("/project/dynamic").and_then(Value::as_array);
    let way_out = "install the packages in a virtual environment `.venv`, and it can be told";
    if dynamic.is_some_and(|list| list.iter().any(|it| it == "dependencies")) {
        return Sight::Hidden(format!("`pyproject.toml` has its packages made; {way_out}"));
    }
    if place.root().join("setup.py").is_file() {
        return Sight::Hidden(format!("`setup.py` is a program, which is not run; {way_out}"));
    }
    let manifests: Vec<String> = ["pyproject.toml", "Pipfile", "requirements.txt", "setup.cfg"]
        .iter()
        .filter(|file| place.root().join(file).is_file())
        .map(|file| format!("`{file}`"))
        .collect();
    if manifests.is_empty() {
        return Sight::Hidden(format!("no manifest says which packages it has; {way_out}"));
    }
    Sight::Absent(manifests.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::project::packages::tests::sight;

    #[cfg(unix)]
    #[test]
    fn what_is_installed_comes_first_by_any_spelling_of_its_name() {
        use crate::project::packages::tests::said;
        use crate::project::tests::{folder, venv};
        let folder = folder(&[("requirements.txt", "acme-sdk==1.0\n")]);
        let packages = ["Acme_SDK-3.0.3.dist-info/METADATA", "old-1.2-py3.11.egg-info", "pip/x"];
        venv(&folder.path().join(".venv"), &packages);
        let project = crate::project::load(folder.path()).unwrap();
        assert_eq!(said(&project, "acme.sdk"), "3.0.3 installed in `.venv`");
        assert_eq!(said(&project, "old"), "1.2 installed in `.venv`");
    }

    const UV: &str = "version = 1\nrevision = 2\nrequires-python = \">=3.9\"\n\n[[package]]\nname = \"acme-sdk\"\nversion = \"8.1.8\"\nsource = { registry = \"https://example.com/simple\" }\nresolution-markers = [\n    \"python_full_version < '3.10'\",\n]\n\n[[package]]\nname = \"acme-sdk\"\nversion = \"8.3.1\"\n\n[[package]]\nname = \"itsdangerous\"\nversion = \"2.2.0\"\n";

    #[test]
    fn lock_files_are_read() {
        let pipfile = r#"{"_meta": {"pipfile-spec": 6}, "default": {"itsdangerous": {
            "hashes": ["sha256:c62"], "index": "x", "markers": "python_version >= '3.8'", "version": "==2.2.0"}},
            "develop": {"markupsafe": {"version": "==3.0.4"}}}"#;
        let poetry = "# This file is automatically @generated by Poetry 1.8.3 and should not be changed by hand.\n\n[[package]]\nname = \"itsdangerous\"\nversion = \"2.2.0\"\ndescription = \"\"\noptional = false\npython-versions = \">=3.8\"\nfiles = [\n    {file = \"i.whl\", hash = \"sha256:c62\"},\n]\n\n[metadata]\nlock-version = \"2.0\"\n";
        for (file, lock) in [("uv.lock", UV), ("poetry.lock", poetry), ("Pipfile.lock", pipfile)] {
            let expected = format!("2.2.0 locked in `{file}`");
            assert_eq!(sight(&[(file, lock)], "ItsDangerous"), expected);
        }
        assert_eq!(sight(&[("uv.lock", UV)], "acme-sdk"), "8.1.8 and 8.3.1 locked in `uv.lock`");
        let dev = sight(&[("Pipfile.lock", pipfile)], "MarkupSafe");
        assert_eq!(dev, "3.0.4 locked in `Pipfile.lock`");
    }

    #[test]
    fn files_of_requirements_are_read_as_pip_reads_them() {
        let files = [
            ("requirements.txt", "# ours\n-r requirements/base.txt\nflake==1.0  # pinned\n-e .\n"),
            (
                "requirements/base.txt",
                "Acme[async,dev] >=2.0,<3 ; python_version >= '3.8'\nhashed==3.0.3 \\\n    --hash=sha256:34e\nbare\nwheel @ https://example.com/w.whl\n-r ../requirements.txt\n",
            ),
            ("requirements-dev.txt", "flake==2.0\n"),
        ];
        let base = "requirements/base.txt";
        assert_eq!(sight(&files, "acme"), format!("declared `>=2.0,<3` in {base}"));
        assert_eq!(sight(&files, "hashed"), format!("3.0.3 pinned in `{base}`"));
        assert_eq!(sight(&files, "bare"), format!("declared `` in {base}"));
        assert_eq!(
            sight(&files, "wheel"),
            format!("declared `@ https://example.com/w.whl` in {base}")
        );
        assert_eq!(sight(&files, "flake"), "1.0 pinned in `requirements.txt`");
        assert_eq!(sight(&files, "acm"), "absent from `requirements.txt`");
    }

    #[test]
    fn a_file_of_requirements_does_not_lead_out_of_the_project() {
        let files =
            [("outside.txt", "acme==1.0\n"), ("app/requirements.txt", "-r ../outside.txt\n")];
        let folder = crate::project::tests::folder(&files);
        let project = crate::project::load(&folder.path().join("app")).unwrap();
        let said = crate::project::packages::tests::said(&project, "acme");
        assert_eq!(said, "absent from `requirements.txt`");
    }

    #[test]
    fn every_table_of_a_manifest_is_looked_through() {
        let project = "[project]\nname = \"a\"\ndependencies = [\"Acme~=1.2\"]\n[project.optional-dependencies]\nextra = [\"more>=2\"]\n[dependency-groups]\ndev = [{include-group = \"x\"}, \"tool==3.1\"]\n";
        let poetry = "[tool.poetry]\nname = \"a\"\n[tool.poetry.dependencies]\npython = \"^3.9\"\nacme = \"^2.1\"\nmore = {version = \"~2.0\", extras = [\"x\"]}\nlocal = {path = \"../x\"}\n[tool.poetry.group.dev.dependencies]\ntool = \"*\"\n";
        let pipfile = "[packages]\nacme = \"~=2.1\"\nmore = {version = \">=1\"}\n[dev-packages]\ntool = \"*\"\n";
        let settings =
            "[metadata]\nname = a\n[options]\ninstall_requires =\n    acme>=1.5\n    more\n";
        let rows = [
            ("pyproject.toml", project, "acme", "declared `~=1.2` in pyproject.toml"),
            ("pyproject.toml", project, "more", "declared `>=2` in pyproject.toml"),
            ("pyproject.toml", project, "tool", "3.1 pinned in `pyproject.toml`"),
            ("pyproject.toml", poetry, "acme", "declared `^2.1` in pyproject.toml"),
            ("pyproject.toml", poetry, "more", "declared `~2.0` in pyproject.toml"),
            (
                "pyproject.toml",
                poetry,
                "local",
                "declared `a path or a repository` in pyproject.toml",
            ),
            ("pyproject.toml", poetry, "tool", "declared `*` in pyproject.toml"),
            ("Pipfile", pipfile, "acme", "declared `~=2.1` in Pipfile"),
            ("Pipfile", pipfile, "more", "declared `>=1` in Pipfile"),
            ("Pipfile", pipfile, "tool", "declared `*` in Pipfile"),
            ("setup.cfg", settings, "acme", "declared `>=1.5` in setup.cfg"),
            ("setup.cfg", settings, "more", "declared `` in setup.cfg"),
            ("pyproject.toml", project, "none", "absent from `pyproject.toml`"),
        ];
        for (file, text, name, expected) in rows {
            assert_eq!(sight(&[(file, text)], name), expected);
        }
    }

    #[test]
    fn what_only_a_program_knows_is_hidden() {
        let dynamic = "[project]\nname = \"a\"\ndynamic = [\"dependencies\"]\n";
        for (file, text) in [("setup.py", "setup()"), ("app.py", ""), ("pyproject.toml", dynamic)] {
            let said = sight(&[(file, text)], "acme");
            assert!(said.starts_with("hidden") && said.contains(".venv"), "{said}");
        }
    }
}
