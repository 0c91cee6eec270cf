//! The golden requests and replies, each of which is understood.

use super::requests::ADAPTIVE;
use crate::Dialect;
use crate::delta::Reply;
use crate::messages::reply::whole;
use crate::messages::request::{read, write};
use crate::prompt::Dropped;

#[test]
fn golden_requests_are_read_and_written() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/requests/messages");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let body = std::fs::read(&path).unwrap();
        let mut dropped = Dropped::default();
        let prompt = read(&body, &mut dropped).unwrap();
        let written = write(&prompt, &ADAPTIVE, &mut dropped).to_string();
        // What has once been written is written so again.
        let prompt = read(written.as_bytes(), &mut Dropped::default()).unwrap();
        let again = write(&prompt, &ADAPTIVE, &mut Dropped::default()).to_string();
        assert_eq!(written, again, "{}", path.display());
        count += 1;
    }
    assert!(count >= 22);
}

#[test]
fn golden_replies_are_understood() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/replies/messages");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let reply = match path.extension().unwrap().to_str() {
            Some("json") => Reply::of(whole(&bytes).unwrap()),
            _ => crate::translate::fold(Dialect::Messages, &bytes),
        };
        let is_cut = path.to_str().unwrap().contains("cut_amid");
        assert!(
            is_cut || reply.finish.is_some() || reply.failure.is_some(),
            "{}",
            path.display()
        );
        count += 1;
    }
    assert!(count >= 22);
}
