//! The mock as a program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn the_program_prints_its_url_serves_and_ends_on_a_signal() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mock-upstream"))
        .args(["--bench", "--no-record"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(program.stdout.take().unwrap())
        .read_line(&mut url)
        .unwrap();
    let addr = url.trim().strip_prefix("http://").unwrap();

    let mut stream = TcpStream::connect(addr).unwrap();
    let request = "GET /api/paas/v4/models HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\
                   authorization: Bearer zai-demo-key\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(reply.contains("bench-stream-2000-0"));

    let id = program.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(told.success());
    assert!(program.wait().unwrap().success());
}

#[test]
fn an_argument_that_it_does_not_know_ends_the_program() {
    let output = Command::new(env!("CARGO_BIN_EXE_mock-upstream"))
        .arg("--fast")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("unknown argument --fast"));
}
