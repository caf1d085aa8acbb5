# Names of the metrics of evidence and of re-authorization, as the function writes them.

locals {
  evidence_metrics = {
    device      = "DeviceEvidenceFailures"
    sessions    = "SessionEvidenceFailures"
    connections = "ConnectionRecordFailures"
  }

  reauthorization_metrics = {
    connections = "ReauthorizationConnections"
    denied      = "ReauthorizationDenied"
    terminated  = "ReauthorizationTerminated"
    unrecorded  = "ReauthorizationUnrecorded"
    failures    = "ReauthorizationFailures"
    braked      = "ReauthorizationBraked"
  }
}
