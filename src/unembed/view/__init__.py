"""Views: results -> plain payloads -> terminal and JSON. A view renders a payload and computes nothing."""
