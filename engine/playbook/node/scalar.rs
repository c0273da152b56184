//! What a YAML scalar without quotes is, by the core schema of YAML 1.2.

use crate::playbook::node::Node;

/// Reads a scalar that stands without quotes. What older YAML took for something else is text:
/// `no`, `014` and `1_000` are what they look like.
pub(super) fn plain(text: &str) -> Node {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Node::Null,
        "true" | "True" | "TRUE" => return Node::Bool(true),
        "false" | "False" | "FALSE" => return Node::Bool(false),
        _ => {}
    }
    let number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let read = if number { integer(text).or_else(|| float(text)) } else { None };
    read.unwrap_or_else(|| Node::Text(text.to_owned()))
}

fn integer(text: &str) -> Option<Node> {
    let based = |digits: &str, base: u32| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        i64::from_str_radix(digits, base).ok().filter(|_| plain)
    };
    let value = if let Some(digits) = text.strip_prefix("0x") {
        based(digits, 16)?
    } else if let Some(digits) = text.strip_prefix("0o") {
        based(digits, 8)?
    } else {
        let digits = text.trim_start_matches(['+', '-']);
        let many = digits.len() > 1 && digits.starts_with('0');
        text.parse().ok().filter(|_| !many && digits.bytes().all(|byte| byte.is_ascii_digit()))?
    };
    Some(Node::Integer(value))
}

fn float(text: &str) -> Option<Node> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let special = match digits {
        ".inf" | ".Inf" | ".INF" => Some(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        _ => None,
    };
    if let Some(value) = special {
        return Some(Node::Float(sign * value));
    }
    let first = digits.bytes().next()?;
    let numeric =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    let many = first == b'0' && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if many || !(first.is_ascii_digit() || first == b'.') || !digits.bytes().all(numeric) {
        return None;
    }
    digits.parse::<f64>().ok().map(|value| Node::Float(sign * value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_booleans_and_nothing_are_told_from_text() {
        for (text, node) in [
            ("", Node::Null),
            ("~", Node::Null),
            ("true", Node::Bool(true)),
            ("FALSE", Node::Bool(false)),
            ("0", Node::Integer(0)),
            ("-12", Node::Integer(-12)),
            ("+3", Node::Integer(3)),
            ("0x1F", Node::Integer(31)),
            ("0o17", Node::Integer(15)),
            ("1.5", Node::Float(1.5)),
            ("-.5e1", Node::Float(-5.0)),
            ("99999999999999999999", Node::Float(1e20)),
            ("-.inf", Node::Float(f64::NEG_INFINITY)),
        ] {
            assert_eq!(plain(text), node, "{text}");
        }
        let texts = [
            "no", "on", "014", "00.5", "1_000", "1.2.3", "1e", "-", "+-1", ".", "inf", "nan", "0x",
            "0x-1", "12:30",
        ];
        for text in texts {
            assert_eq!(plain(text), Node::Text(text.to_owned()));
        }
        assert!(matches!(plain(".nan"), Node::Float(value) if value.is_nan()));
    }
}
