//! Slips of the pen.

/// Whether one letter is left out, put in, changed, or two neighbours have changed places.
pub(super) fn is_slip_of(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let start = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[start..], &other[start..]);
    let end =
        one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[..one.len() - end], &other[..other.len() - end]);
    match (one, other) {
        ([a, b], [c, d]) => a == d && b == c,
        _ => one.len() <= 1 && other.len() <= 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_one_letter() {
        for (one, other) in
            [("event", "events"), ("evnet", "event"), ("evant", "event"), ("a", "a")]
        {
            assert!(is_slip_of(one, other) && is_slip_of(other, one), "{one} {other}");
        }
        for (one, other) in
            [("event", "evens_"), ("event", "eventual"), ("ab", "cd"), ("été", "ete")]
        {
            assert!(!is_slip_of(one, other), "{one} {other}");
        }
    }
}
