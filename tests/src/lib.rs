//! AccuNode's test kit and the tests that run the whole service.
