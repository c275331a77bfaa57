using Dapper;
using Engine.Faults;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Engine.Database;

/// <summary>Whether the database answers, and carries the schema that this engine was built for.</summary>
public sealed class DatabaseHealth(NpgsqlDataSource database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            var isStandby = await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select pg_is_in_recovery()", cancellationToken: cancellationToken));
            return isStandby
                ? HealthCheckResult.Unhealthy("the database is a read-only standby")
                : HealthCheckResult.Healthy($"PostgreSQL {connection.PostgreSqlVersion} answers");
        }
        catch (Exception e) when (Fault.Of(e, cancellationToken) is FaultKind.Transient or FaultKind.Permanent)
        {
            return HealthCheckResult.Unhealthy("the database does not answer");
        }
    }
}

/// <summary>Whether the schema is the one this engine was built for: another node may have migrated it since.</summary>
public sealed class MigrationsHealth(NpgsqlDataSource database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            var applied = await connection.QueryAsync<AppliedMigration>(new CommandDefinition(
                "select number, name, checksum from schema_migrations", cancellationToken: cancellationToken));
            return MigrationPlan.Decide([.. applied], Migration.All) switch
            {
                MigrationPlan.UpToDate p => HealthCheckResult.Healthy($"schema version {p.Version}"),
                MigrationPlan.TooNew p => HealthCheckResult.Degraded($"schema version {p.Version} is newer than this engine, which knows {p.Known}"),
                var plan => HealthCheckResult.Unhealthy(plan.Refusal()!.Message),
            };
        }
        catch (Exception e) when (Fault.Of(e, cancellationToken) is FaultKind.Transient or FaultKind.Permanent)
        {
            return HealthCheckResult.Unhealthy("unknown while the database does not answer");
        }
    }
}

/// <summary>Whether the database's clock is known, and how far this host's wall clock is from it. Skew is harmless and told.</summary>
public sealed class ClockHealth(DatabaseTime time) : IHealthCheck
{
    static readonly TimeSpan TooOld = TimeSpan.FromMinutes(5);
    static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(5);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var detail = FormattableString.Invariant(
            $"this host is {-time.Skew.TotalSeconds:+0.000;-0.000;0.000} s off the database, measured {time.Age.TotalSeconds:0} s ago");
        return Task.FromResult(time.Age > TooOld ? HealthCheckResult.Degraded(detail)
            : time.Skew.Duration() > Noticeable ? HealthCheckResult.Degraded(detail + "; synchronise its clock (NTP)")
            : HealthCheckResult.Healthy(detail));
    }
}
