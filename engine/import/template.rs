//! Templates of other languages in prose: taken for inputs, or kept as text.

use serde_json::Value;

/// What opens a template of a playbook.
const OPEN: &str = "${{";

/// What is written for a literal one.
const LITERAL: &str = "${{ '${{' }}";

/// Writes every `${{` so that a playbook shows it as it stands.
pub(super) fn literal(text: &str) -> String {
    text.replace(OPEN, LITERAL)
}

/// Keys below which a template can stand.
const TEMPLATES: [&str; 2] = ["commands", "checks"];

/// Makes every `${{` of a value below a key stand for itself. Where no template can stand, it loses
/// its `$`; returns whether that was so anywhere.
pub(super) fn hold(key: &str, value: &mut Value) -> bool {
    match value {
        Value::String(text) if text.contains(OPEN) => {
            let template = TEMPLATES.contains(&key);
            if template {
                *text = literal(text);
            }
            while !template && text.contains(OPEN) {
                *text = text.replace(OPEN, "{{");
            }
            !template
        }
        Value::Array(items) => {
            let held: Vec<bool> = items.iter_mut().map(|item| hold(key, item)).collect();
            held.contains(&true)
        }
        Value::Object(fields) => {
            let below = |inner: &str| {
                if TEMPLATES.contains(&key) { key.to_owned() } else { inner.to_owned() }
            };
            let held = fields.iter_mut().map(|(inner, value)| hold(&below(inner), value));
            held.collect::<Vec<bool>>().contains(&true)
        }
        _ => false,
    }
}

/// Rewrites each `${{ … }}` of a text. `fill` is asked with what stands inside and its byte; where
/// it has nothing, the template stays as text.
pub(super) fn expressions(
    text: &str,
    fill: &mut dyn FnMut(&str, usize) -> Option<String>,
) -> String {
    rewrite(text, OPEN, fill)
}

/// Rewrites each `{{ … }}` of a text in the same way, `${{` being no such.
pub(super) fn variables(text: &str, fill: &mut dyn FnMut(&str, usize) -> Option<String>) -> String {
    rewrite(text, "{{", fill)
}

/// Takes each `{{#name …}}` out of a text for which `take` says so; it is asked with what stands
/// inside and its byte.
pub(super) fn macros(text: &str, take: &mut dyn FnMut(&str, usize) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(start) = text[at..].find("{{#").map(|found| at + found) {
        let end = text[start..].find("}}").map_or(text.len(), |length| start + length + 2);
        let inside = text[start..end].trim_start_matches("{{").trim_end_matches("}}").trim();
        let gone = take(inside, start);
        kept.push_str(&text[at..if gone { start } else { end }]);
        at = end;
    }
    kept.push_str(&text[at..]);
    kept
}

fn rewrite(text: &str, open: &str, fill: &mut dyn FnMut(&str, usize) -> Option<String>) -> String {
    let mut written = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find(open) {
        let start = at + found;
        let inner = start + open.len();
        written.push_str(&text[at..start]);
        let close = text[inner..].find("}}").map(|length| inner + length);
        let dollar = open != OPEN && text[..start].ends_with('$');
        let filled = close.filter(|_| !dollar).and_then(|close| {
            let expression = text[inner..close].trim();
            let filled = fill(expression, start)?;
            Some((filled, close + 2))
        });
        match filled {
            Some((filled, end)) => {
                written.push_str(&filled);
                at = end;
            }
            None if dollar => {
                written.truncate(written.len() - 1);
                written.push_str(LITERAL);
                at = inner;
            }
            None => {
                written.push_str(if open == OPEN { LITERAL } else { open });
                at = inner;
            }
        }
    }
    written.push_str(&text[at..]);
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Template;
    use crate::source::{FileId, Span};

    fn shown(text: &str) -> String {
        let (template, faults) = Template::parse(text, Span::new(FileId(0), 0, text.len()));
        assert_eq!(faults, [], "{text}");
        template.render_text(&serde_json::json!({ "inputs": { "a": "A" } })).unwrap()
    }

    #[test]
    fn what_is_kept_as_text_is_shown_as_it_stood() {
        for text in ["${{ secrets.X }}", "a ${{ 'b' }} ${{", "$${{{ x }}}", "${{ \"}}\" }} {{ y }}"]
        {
            assert_eq!(shown(&literal(text)), text);
            assert_eq!(shown(&expressions(text, &mut |_, _| None)), text);
            assert_eq!(shown(&variables(text, &mut |_, _| None)), text);
        }
    }

    #[test]
    fn a_value_has_a_template_only_where_one_can_stand() {
        let mut value =
            serde_json::json!({ "checks": [{ "file": "a ${{ b" }], "default": ["$${{ c }}"] });
        assert!(hold("stages", &mut value));
        let wanted = serde_json::json!({ "checks": [{ "file": "a ${{ '${{' }} b" }], "default": ["{{ c }}"] });
        assert_eq!(value, wanted);
    }

    #[test]
    fn what_is_known_is_filled_in() {
        let fill = &mut |name: &str, _: usize| (name == "a").then(|| "${{ inputs.a }}".to_owned());
        assert_eq!(
            expressions("${{ a }} ${{a}} {{ a }}", fill),
            "${{ inputs.a }} ${{ inputs.a }} {{ a }}"
        );
        assert_eq!(shown(&variables("{{a}} {{ b }} ${{ a }} }}", fill)), "A {{ b }} ${{ a }} }}");
    }
}
