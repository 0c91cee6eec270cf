//! The claims, a file for each subject.

mod config;
mod demo;
mod drain;
mod import;
mod login;
mod logs;
mod pool;
mod serve;
mod tls;
mod tokens;
mod usage;
