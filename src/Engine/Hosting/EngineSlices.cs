using Engine.Access;
using Engine.Database;
using Engine.Hosting.Health;

namespace Engine.Hosting;

/// <summary>The engine's table of contents: which slices it is made of, and where each is mapped.</summary>
public static class EngineSlices
{
    public static void AddEngine(this IServiceCollection services, EngineDatabase database)
    {
        services.AddDatabase(database);
        services.AddSingleton(new ProcessStart(database.Time.GetUtcNow()));
        services.AddSingleton<HealthSnapshot>();
        services.AddAccess();
        services.AddSingleton<Engine.Audit.RecordAudit>();
    }

    public static void MapEngine(this IEndpointRouteBuilder app)
    {
        app.MapOpenApi();
        app.MapHealth();
        app.MapStatus();
        app.MapTokens();
    }
}
