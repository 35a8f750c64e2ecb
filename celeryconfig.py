"""Celery's constants.

A task here is a bell: it says "look at the rows", and carries an id at the most. Losing one
costs a second, until a sweep looks by itself; hearing one twice changes nothing. So Celery
keeps no result, no schedule and no countdown, and gives up on a dead broker at once.
"""

# The name of a bell is the name of its task; what comes before the dot's verb is its queue.
task_default_queue = "tocsin.incidents"
task_routes = {
    "incidents.*": {"queue": "tocsin.incidents"},
    "population.*": {"queue": "tocsin.incidents"},
    "audit.*": {"queue": "tocsin.incidents"},
    "campaigns.*": {"queue": "tocsin.campaigns"},
}

task_acks_late = True
task_reject_on_worker_lost = True
task_ignore_result = True
task_publish_retry = False
task_serializer = "json"
accept_content = ["json"]
result_backend = None

worker_prefetch_multiplier = 1
worker_send_task_events = False
worker_enable_remote_control = False
worker_hijack_root_logger = False

# A worker goes on without its broker: the sweep works, and reconnecting never ends.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_connection_timeout = 2
broker_transport_options = {
    "visibility_timeout": 60,  # a bell whose hearer died is heard again after this
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "health_check_interval": 10,
}

timezone = "UTC"
enable_utc = True
