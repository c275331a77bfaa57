using Engine.Access;
using Engine.Database;
using Engine.Database.Embedded;
using Engine.Gateway;
using Engine.Hosting.Logging;
using Engine.Hosting.Telemetry;
using Engine.Http;
using Engine.Logs;
using Engine.Tasks;
using Engine.Workers;

namespace Engine.Hosting.Configuration;

/// <summary>All settings records and the section each is bound from: what <c>engine.json</c> and <c>ENGINE__…</c> may name.</summary>
public static class SettingsSections
{
    public static IReadOnlyList<(string Section, Type Type)> All { get; } =
    [
        ("Engine:Http", typeof(HttpSettings)),
        ("Engine:Access", typeof(AccessSettings)),
        ("Engine:Database", typeof(DatabaseSettings)),
        ("Engine:Database:Embedded", typeof(EmbeddedPostgresSettings)),
        ("Engine:Tasks", typeof(TasksSettings)),
        ("Engine:Workers", typeof(WorkersSettings)),
        ("Engine:Routing", typeof(RoutingSettings)),
        ("Engine:Calls", typeof(CallsSettings)),
        ("Engine:Performance", typeof(PerformanceSettings)),
        ("Engine:Logs", typeof(LogsSettings)),
        ("Engine:Logging", typeof(LoggingSettings)),
        ("Engine:Telemetry", typeof(TelemetrySettings)),
    ];
}
