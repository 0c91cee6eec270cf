//! The claims, a file for each subject.

mod accounts;
mod catalogue;
mod classifier;
mod config;
mod conversations;
mod demo;
mod docs;
mod doctor;
mod drain;
mod explain;
mod headers;
mod health;
mod import;
mod login;
mod logs;
mod manual;
mod pool;
mod records;
mod run;
mod serve;
mod settings;
mod setup;
mod terminal;
mod tls;
mod tokens;
mod usage;
