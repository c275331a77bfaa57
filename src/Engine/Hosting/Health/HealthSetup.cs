using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engine.Hosting.Health;

public static class HealthSetup
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Slices add their own checks; none of them can hold a probe up for longer than two seconds.</summary>
    public static void AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<HealthSnapshot>();
        services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations) check.Timeout = Patience;
        });
    }
}
