
mod corpora_reading;
