using Engine.Hosting.Configuration;
using Engine.Schedules;

namespace Engine.Audit;

public static class AuditSetup
{
    public static void AddAudit(this IServiceCollection services)
    {
        services.AddSingleton<RecordAudit>();
        services.AddSingleton<ListAudit>();
        services.AddSingleton<ReadAuditHead>();
        services.AddSingleton<VerifyAudit>();
        services.AddSingleton<IScheduledDuty, VerifyAuditDuty>();
        services.AddSingleton<WitnessAuditHead>();
        services.AddSingleton<AuditMetrics>();
        services.AddSingleton(s => new AuditHeadFile(s.GetRequiredService<EngineSettings>().DataFolder));
        services.AddSingleton<ChainAudit>();
        services.AddHostedService(s => s.GetRequiredService<ChainAudit>());
        services.AddHealthChecks().AddCheck<AuditHealth>("audit");
    }
}
