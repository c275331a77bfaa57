using Engine.Database.Embedded;

namespace Engine.Database;

public static class DatabaseSetup
{
    /// <summary>The opened database, its clock as the engine's clock, and what keeps and watches both.</summary>
    public static void AddDatabase(this IServiceCollection services, EngineDatabase database)
    {
        services.AddSingleton(database);
        services.AddSingleton(database.Source);
        services.AddSingleton(database.Reserved);
        services.AddSingleton(database.Time);
        services.AddSingleton<TimeProvider>(database.Time);
        services.AddHostedService(s => new KeepDatabaseTime(database.Time, TimeProvider.System, s.GetRequiredService<ILogger<KeepDatabaseTime>>()));
        if (database.Embedded is { } embedded)
        {
            services.AddSingleton(embedded);
            services.AddHostedService<EmbeddedPostgresSupervisor>();
        }
        services.AddHealthChecks()
            .AddCheck<DatabaseHealth>("database")
            .AddCheck<MigrationsHealth>("migrations")
            .AddCheck<ClockHealth>("clock");
    }
}
