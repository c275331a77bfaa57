using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Engine.Hosting.Telemetry;

public static class TelemetrySetup
{
    public static IServiceCollection AddEngineTelemetry(this IServiceCollection services, TelemetrySettings settings)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<MetricsPage>();
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<EngineTelemetry>(provider, settings));
        if (settings.OtlpEndpoint is not null) services.AddSingleton<IStartupFilter, RequestSpans>();
        return services;
    }
}
