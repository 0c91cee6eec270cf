//! A scripted GitHub, Copilot and Z.ai on loopback: what tests, benchmarks and the demo talk to.
