//! Changes an input where JSON has its joints: a value for another, a field more or less, an
//! event moved. What is put in comes from the golden files, so that it means something.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use dialect::sse::Event;
use serde_json::{Value, json};

use crate::{Input, Random, events};

/// Changes the input of this length in place and gives its new length: half of the time as
/// the fuzzer does with any bytes, half of the time as JSON or as events of JSON.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random::new(seed);
    if random.below(2) == 0
        && let Some(changed) = changed(&data[..size], &mut random)
        && Input::HEAD + changed.len() <= max_size
    {
        data[Input::HEAD..Input::HEAD + changed.len()].copy_from_slice(&changed);
        return Input::HEAD + changed.len();
    }
    libfuzzer_sys::fuzzer_mutate(data, size, max_size)
}

fn changed(data: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let bytes = data.get(Input::HEAD..)?;
    let times = 1 + random.below(3);
    if let Ok(mut json) = serde_json::from_slice::<Value>(bytes) {
        for _ in 0..times {
            change(&mut json, random);
        }
        return Some(json.to_string().into_bytes());
    }
    let mut events = events([bytes]);
    if events.is_empty() {
        return None;
    }
    for _ in 0..times {
        change_events(&mut events, random)?;
    }
    Some(events.concat())
}

fn change_events(events: &mut Vec<Vec<u8>>, random: &mut Random) -> Option<()> {
    let at = random.below(events.len());
    let other = random.below(events.len());
    match random.below(8) {
        0 => drop(events.remove(at)),
        1 => events.swap(at, other),
        2 => events.insert(other, events.get(at)?.clone()),
        3 => events.insert(at, event(GOLDEN.some(random)?)),
        _ => {
            let data = Event::parse(events.get(at)?).data?;
            let mut json = serde_json::from_slice(&data).ok()?;
            change(&mut json, random);
            *events.get_mut(at)? = event(&json);
        }
    }
    (!events.is_empty()).then_some(())
}

/// As an upstream writes it.
fn event(json: &Value) -> Vec<u8> {
    match json["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {json}\n\n").into_bytes(),
        None => format!("data: {json}\n\n").into_bytes(),
    }
}

/// Changes one place of the tree.
fn change(json: &mut Value, random: &mut Random) {
    let count = count(json);
    let (at, other) = (random.below(count), random.below(count));
    let new = match random.below(5) {
        0 | 1 => nth(json, other).map(|value| value.clone()),
        2 => GOLDEN.some(random).cloned(),
        3 => GOLDEN.string(random).map(Value::from),
        _ => Some(leaf(random)),
    };
    let key = GOLDEN.string(random).unwrap_or_default().to_owned();
    let (Some(new), Some(place)) = (new, nth(json, at)) else {
        return;
    };
    match (random.below(6), place) {
        (0, place) => *place = new,
        (1, place) => *place = json!([place.take()]),
        (2, Value::Object(fields)) => drop(fields.insert(key, new)),
        (3, Value::Object(fields)) if !fields.is_empty() => {
            let name = fields.keys().nth(random.below(fields.len())).cloned();
            fields.shift_remove(&name.unwrap_or_default());
        }
        (_, Value::Object(fields)) if !fields.is_empty() => {
            let at = random.below(fields.len());
            if let Some((_, value)) = fields.iter_mut().nth(at) {
                *value = new;
            }
        }
        (2, Value::Array(list)) => list.insert(random.below(list.len() + 1), new),
        (3, Value::Array(list)) if !list.is_empty() => drop(list.remove(random.below(list.len()))),
        (4, Value::Array(list)) if !list.is_empty() => {
            let (one, other) = (random.below(list.len()), random.below(list.len()));
            list.swap(one, other);
        }
        (2, Value::String(text)) => {
            let ends = text.char_indices().map(|(at, _)| at);
            let ends: Vec<usize> = ends.chain([text.len()]).collect();
            text.truncate(random.one_of(&ends).copied().unwrap_or(0));
        }
        (3, Value::String(text)) => text.push_str(random.one_of(&ODD).unwrap_or(&"")),
        (_, place) => *place = new,
    }
}

fn leaf(random: &mut Random) -> Value {
    match random.below(12) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(false),
        3 => json!([]),
        4 => json!({}),
        5 => json!(u64::MAX),
        6 => json!(-1),
        7 => json!(0.5),
        8 => json!(1e300),
        9 => json!(random.below(4)),
        _ => json!(random.one_of(&ODD)),
    }
}

const ODD: [&str; 12] = [
    "",
    " ",
    "\n",
    "\0",
    "{}",
    "{",
    "\"",
    "\u{feff}",
    "\u{1f600}",
    "[DONE]",
    "data:x;base64,eA==",
    "tokn1.",
];

fn count(json: &Value) -> usize {
    1 + match json {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// The value of this number, counted from the root.
fn nth(json: &mut Value, number: usize) -> Option<&mut Value> {
    fn walk<'a>(json: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
        if *left == 0 {
            return Some(json);
        }
        *left -= 1;
        match json {
            Value::Array(list) => list.iter_mut().find_map(|value| walk(value, left)),
            Value::Object(fields) => fields.values_mut().find_map(|value| walk(value, left)),
            _ => None,
        }
    }
    let mut left = number;
    walk(json, &mut left)
}

/// All that the golden files say, in pieces.
struct Golden {
    values: Vec<Value>,
    strings: Vec<String>,
}

static GOLDEN: LazyLock<Golden> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/dialect/golden");
    let mut golden = Golden {
        values: Vec::new(),
        strings: Vec::new(),
    };
    for path in files(&root) {
        let bytes = fs::read(path).unwrap_or_default();
        match serde_json::from_slice(&bytes) {
            Ok(json) => golden.take_in(&json),
            Err(_) => {
                for event in events([&*bytes]) {
                    let data = Event::parse(&event).data.unwrap_or_default();
                    golden.take_in(&serde_json::from_slice(&data).unwrap_or_default());
                }
            }
        }
    }
    golden.strings.sort();
    golden.strings.dedup();
    golden
});

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let below = |path: PathBuf| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    };
    paths.into_iter().flat_map(below).collect()
}

impl Golden {
    fn take_in(&mut self, json: &Value) {
        /// A file's text is no word.
        const LONGEST: usize = 64;
        self.values.push(json.clone());
        match json {
            Value::Array(list) => list.iter().for_each(|value| self.take_in(value)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.strings.push(name.clone());
                    self.take_in(value);
                }
            }
            Value::String(text) if text.len() <= LONGEST => self.strings.push(text.clone()),
            _ => {}
        }
    }

    fn some(&self, random: &mut Random) -> Option<&Value> {
        random.one_of(&self.values)
    }

    fn string(&self, random: &mut Random) -> Option<&str> {
        random.one_of(&self.strings).map(String::as_str)
    }
}
