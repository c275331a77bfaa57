using System.Data;
using System.Runtime.CompilerServices;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Engine.Database;

/// <summary>Teaches Dapper the types that it gets wrong by itself; runs once when the assembly loads.</summary>
static class DapperSetup
{
#pragma warning disable CA2255 // the setup must precede the first query, whoever makes it
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Run()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new UtcTimes());
        SqlMapper.AddTypeHandler(new ManyUtcTimes());
        SqlMapper.AddTypeHandler(new Places());
        SqlMapper.AddTypeHandler(new Texts());
    }

    /// <summary>timestamptz arrives as DateTime and a DateTimeOffset with an offset is refused: both become UTC here.</summary>
    sealed class UtcTimes : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => new(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            parameter.Value = value.UtcDateTime;
            ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlDbType.TimestampTz;
        }
    }

    /// <summary>By itself Npgsql takes an array that begins with null for one of times without a zone, and then refuses those in UTC.</summary>
    sealed class ManyUtcTimes : SqlMapper.TypeHandler<DateTimeOffset?[]>
    {
        public override DateTimeOffset?[] Parse(object value) => throw new NotSupportedException("Arrays of times are only sent.");

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset?[]? value)
        {
            parameter.Value = Array.ConvertAll(value ?? [], v => v?.UtcDateTime);
            ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz;
        }
    }

    /// <summary>Where a row lies: PostgreSQL's <c>tid</c>.</summary>
    sealed class Places : SqlMapper.TypeHandler<NpgsqlTid>
    {
        public override NpgsqlTid Parse(object value) => (NpgsqlTid)value;

        public override void SetValue(IDbDataParameter parameter, NpgsqlTid value)
        {
            parameter.Value = value;
            ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlDbType.Tid;
        }
    }

    /// <summary>text[] arrives as an array of no certain type.</summary>
    sealed class Texts : SqlMapper.TypeHandler<string[]>
    {
        public override string[] Parse(object value) => (string[])value;

        public override void SetValue(IDbDataParameter parameter, string[]? value)
        {
            parameter.Value = value is null ? DBNull.Value : value;
            ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text;
        }
    }
}
