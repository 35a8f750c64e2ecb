"""Where Twilio calls us back: these paths stand in our requests and in our routes."""

STATUS_PATH = "/api/v1/webhooks/twilio/status"
CALL_PATH = "/api/v1/webhooks/twilio/calls"
