//! Finds the name that a misspelt one most likely meant.

/// The candidate nearest to `name`, when one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let name = name.to_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let spelt = candidate.replace('-', "_");
            let distance = strsim::damerau_levenshtein(&name, &spelt);
            // `max_body` is far from `max_body_bytes` by letters, yet plainly means it.
            let near = distance <= (length / 3).max(1) && distance < length
                || length >= 3 && spelt.contains(&name);
            near.then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// No key is longer, and comparing costs the product of both lengths.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_understood() {
        let names = [
            "strategy",
            "failure_cooldown_secs",
            "port",
            "max_body_bytes",
        ];
        assert_eq!(nearest("strategi", names), Some("strategy"));
        assert_eq!(nearest("prot", names), Some("port"));
        assert_eq!(nearest("Port", names), Some("port"));
        assert_eq!(nearest("max_body", names), Some("max_body_bytes"));
        assert_eq!(
            nearest("failure-cooldown-secs", names),
            Some("failure_cooldown_secs")
        );
    }

    #[test]
    fn a_stranger_is_taken_for_nobody() {
        assert_eq!(nearest("proxy_mode", ["proxy", "pool", "server"]), None);
        assert_eq!(nearest("", ["id"]), None);
        assert_eq!(nearest("x", ["id"]), None);
        assert_eq!(nearest(&"x".repeat(1 << 20), ["id"]), None);
    }
}
