using Engine.Access;
using Engine.Audit;
using Engine.Database;
using Engine.Gateway;
using Engine.Hosting.Configuration;
using Engine.Hosting.Health;
using Engine.Hosting.Telemetry;
using Engine.Logs;
using Engine.Schedules;
using Engine.Tasks;
using Engine.Workers;

namespace Engine.Hosting;

/// <summary>The engine's table of contents: which slices it is made of, and where each is mapped.</summary>
public static class EngineSlices
{
    public static void AddEngine(this IServiceCollection services, EngineDatabase database, EngineSettings settings)
    {
        services.AddDatabase(database);
        services.AddSingleton(new ProcessStart(database.Time.GetUtcNow()));
        services.AddSingleton(new HurryToStop(CancellationToken.None)); // a command line that hears signals puts its own after it
        services.AddHealth();
        services.AddEngineTelemetry(settings.Get<TelemetrySettings>());
        services.AddAccess();
        services.AddAudit();
        services.AddSchedules();
        services.AddFirstStart();
        services.AddBudgets(database);
        services.AddPerformance();
        services.AddGateway();
        services.AddPolicies();
        services.AddCalls();
        services.AddRoutingRetention();
        services.AddTasks();
        services.AddLogs();
        services.AddWorkers(); // last: they take tasks once everything else has started, and stop first
    }

    public static void MapEngine(this IEndpointRouteBuilder app)
    {
        app.MapHome();
        app.MapOpenApi();
        app.MapHealth();
        app.MapMetrics().RequireAuthorization(Roles.Reader);
        app.MapStatus();
        app.MapTokens();
        app.MapAudit();
        app.MapSchedules();
        app.MapBudgets();
        app.MapSelections();
        app.MapTasks();
        app.MapWorkers();
        app.MapGateway();
        app.MapPolicies();
        app.MapPerformance();
        app.MapCalls();
        app.MapLogs();
    }
}
