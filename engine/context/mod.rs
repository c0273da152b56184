//! What the model is shown: from a stage to a request.
