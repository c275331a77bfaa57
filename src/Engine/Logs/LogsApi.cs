using Engine.Access;

namespace Engine.Logs;

/// <summary>The routes of the log crawler.</summary>
public static class LogsApi
{
    public static void MapLogs(this IEndpointRouteBuilder app)
    {
        var logs = app.MapGroup("/api/logs").WithTags("logs").RequireAuthorization(Roles.Reader);
        logs.MapErrors();
        logs.MapSources();
        logs.MapRules();
        logs.MapRepositories();
        logs.MapCrawl();
        app.MapOtlp();
    }
}
