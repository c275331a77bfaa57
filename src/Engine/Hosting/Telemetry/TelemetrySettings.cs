using System.ComponentModel;
using Engine.Hosting.Configuration;

namespace Engine.Hosting.Telemetry;

/// <summary>Section <c>Engine:Telemetry</c>. Metrics are always at <c>/metrics</c>; this is about sending them elsewhere too.</summary>
public sealed record TelemetrySettings : IChecked
{
    /// <summary>
    /// The collector that traces and metrics are sent to by OTLP, such as <c>http://127.0.0.1:4318</c>; with http_protobuf
    /// <c>/v1/traces</c> and <c>/v1/metrics</c> are appended. Unset: nothing leaves the engine. Headers that the collector
    /// wants are read from the standard variable <c>OTEL_EXPORTER_OTLP_HEADERS</c>.
    /// </summary>
    [Description("Collector that traces and metrics are sent to by OTLP, such as http://127.0.0.1:4318; unset: none are sent.")]
    public Uri? OtlpEndpoint { get; init; }

    [Description("What the collector speaks: grpc or http_protobuf.")]
    public OtlpProtocol OtlpProtocol { get; init; } = OtlpProtocol.HttpProtobuf;

    [Description("Name that traces and metrics carry at the collector; 1 to 100 characters.")]
    public string ServiceName { get; init; } = "autonomy-engine";

    public IEnumerable<string> Problems()
    {
        if (OtlpEndpoint is not null && !(OtlpEndpoint.IsAbsoluteUri && OtlpEndpoint.Scheme is "http" or "https"))
            yield return $"OtlpEndpoint must be an address such as http://127.0.0.1:4318, is {OtlpEndpoint}";
        if (!Enum.IsDefined(OtlpProtocol))
            yield return $"OtlpProtocol must be grpc or http_protobuf, is {OtlpProtocol}";
        if (ServiceName.Length is 0 or > 100 || string.IsNullOrWhiteSpace(ServiceName))
            yield return $"ServiceName must have 1 to 100 characters, is \"{ServiceName}\"";
    }
}

public enum OtlpProtocol
{
    /// <summary>Usually port 4317.</summary>
    Grpc,

    /// <summary>Usually port 4318.</summary>
    HttpProtobuf,
}
