set positional-arguments

# List what there is
default:
    @just --list

# What CI runs, in CI's order
ci: fmt-check clippy test deny book

# Formatting
fmt-check:
    cargo fmt --check

# Warnings are errors
clippy:
    cargo clippy --all-targets --locked -- -D warnings

# Every test: unit tests, pages, what is generated, tidiness
test:
    cargo test --locked

# Licences, bans, sources and advisories of the dependencies
deny:
    #!/usr/bin/env sh
    if command -v cargo-deny > /dev/null; then
        cargo deny check
    else
        echo "deny: left out, cargo-deny is not installed"
    fi

# The book, into target/book
book:
    #!/usr/bin/env sh
    if command -v mdbook > /dev/null; then
        mdbook build book
    else
        echo "book: left out, mdbook is not installed"
    fi

# Rewrite every page, schema and generated file, then show what changed
bless:
    BLESS=1 cargo test --test suite
    git diff --stat

# Play a playbook on its sample with a live model, and keep the cassette
record PLAYBOOK *FLAGS:
    #!/usr/bin/env sh
    set -eu
    playbook=$1; shift
    cargo build
    root=$PWD
    project=$(mktemp -d)
    cp -R "demos/$playbook/project/." "$project"
    echo "playing in $project"
    cd "$project"
    "$root/target/debug/wizard" play "$playbook" --record "$root/demos/$playbook/cassette.jsonl" "$@"

# Play a playbook on its sample with a live model, and keep nothing
live PLAYBOOK *FLAGS:
    #!/usr/bin/env sh
    set -eu
    playbook=$1; shift
    cargo build
    root=$PWD
    project=$(mktemp -d)
    cp -R "demos/$playbook/project/." "$project"
    echo "playing in $project"
    cd "$project"
    "$root/target/debug/wizard" play "$playbook" "$@"

# Begin a lint rule: its two files and the three lines that name them
new-rule NAME:
    #!/usr/bin/env sh
    set -eu
    name=$1
    case $name in
        *[!a-z0-9-]* | -* | *- | "") echo "a rule's name is kebab-case, such as \`dangling-need\`" >&2; exit 2 ;;
    esac
    module=$(printf %s "$name" | tr - _)
    rule=engine/lint/rules/$module.rs
    page=book/src/rules/$name.md
    rules=engine/lint/rules/mod.rs
    summary=book/src/SUMMARY.md
    for file in "$rule" "$page"; do
        if [ -e "$file" ]; then echo "there is a file $file already" >&2; exit 2; fi
    done
    sed "s/dangling-need/$name/g" > "$rule" <<'RUST'
    //! `dangling-need`: say here what is wrong with the playbook.

    use crate::diagnostic::Level;
    use crate::lint::Subject;
    use crate::lint::rule::{Profile, Report, Rule, page};

    pub(super) const RULE: Rule = Rule {
        name: "dangling-need",
        level: Level::Error,
        profile: Profile::Min,
        page: page!("dangling-need"),
        diagnose: Some(diagnose),
    };

    fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
        for stage in &subject.playbook.stages {
            let message = format!("say here what is wrong with `{}`", stage.id.value);
            report(RULE.at(stage.id.span, message).help("say here the way out"));
        }
    }
    RUST
    printf '# %s\n\nSay here what is wrong, and why it matters.\n' "$name" > "$page"
    # Each list is sorted: the new line goes before the first that is greater.
    insert() {
        awk -v new="$1" -v line="$2" -v pattern="$3" '
            function key(text) { gsub(/_/, "-", text); return text }
            !done && match($0, pattern) {
                found = $0
                sub(/^[^a-z]*((pub\(super\) )?mod |parsed\(")?/, "", found); sub(/[^a-z0-9_-].*/, "", found)
                last = 1
                if (key(found) > key(new)) { print line; done = 1 }
            }
            !done && last && !match($0, pattern) { print line; done = 1 }
            { print }
            END { if (!done) print line }
        ' "$4" > "$4.new" && mv "$4.new" "$4"
    }
    insert "$module" "mod $module;" '^(pub.super. )?mod [a-z_]+;' "$rules"
    insert "$name" "    &$module::RULE," '^    &(parsed\("[a-z-]+"|[a-z_]+::RULE)' "$rules"
    insert "$name" "  - [$name](rules/$name.md)" '^  - \[[a-z-]+\]\(rules/' "$summary"
    git status --short "$rule" "$page" "$rules" "$summary"
    echo "write the rule and its page, then run: just bless"
