using System.Net;
using System.Net.Sockets;
using Engine.Faults;
using Npgsql;

namespace Engine.Tests.Faults;

public sealed class FaultTests
{
    static readonly CancellationToken Fired = new(canceled: true);

    public static TheoryData<Exception, bool, FaultKind> Cases => new()
    {
        { new OperationCanceledException(), true, FaultKind.Cancelled },
        { new OperationCanceledException(), false, FaultKind.Transient },
        { new TimeoutException(), false, FaultKind.Transient },
        { new SocketException((int)SocketError.ConnectionRefused), false, FaultKind.Transient },
        { new NpgsqlException("connect", new SocketException((int)SocketError.ConnectionRefused)), false, FaultKind.Transient },
        { new NpgsqlException("cut", new EndOfStreamException()), false, FaultKind.Transient },
        { Sql("57P01"), false, FaultKind.Transient },  // the server shuts down
        { Sql("40001"), false, FaultKind.Transient },  // serialization failure
        { Sql("40P01"), false, FaultKind.Transient },  // deadlock
        { Sql("53300"), false, FaultKind.Transient },  // too many connections
        { Sql("25006"), false, FaultKind.Transient },  // a standby
        { Sql("25P03"), false, FaultKind.Transient },  // a transaction was left alone for too long
        { Sql("28P01"), false, FaultKind.Permanent },  // wrong password
        { Sql("42501"), false, FaultKind.Permanent },  // missing privilege
        { Sql("42601"), false, FaultKind.Bug },        // our SQL is wrong
        { new HttpRequestException("x", null, HttpStatusCode.TooManyRequests), false, FaultKind.Transient },
        { new HttpRequestException("x", null, HttpStatusCode.BadGateway), false, FaultKind.Transient },
        { new HttpRequestException("x", null, HttpStatusCode.Unauthorized), false, FaultKind.Permanent },
        { new InvalidOperationException(), false, FaultKind.Bug },
        { new AggregateException(new TimeoutException()), false, FaultKind.Transient },
    };

    [Theory, MemberData(nameof(Cases))]
    public void An_exception_is_of_the_kind_that_decides_what_follows(Exception exception, bool ourTokenFired, FaultKind expected) =>
        Assert.Equal(expected, Fault.Of(exception, ourTokenFired ? Fired : CancellationToken.None));

    [Theory]
    [InlineData("57P01", true)]  // the server shuts down
    [InlineData("57P03", true)]  // it starts up
    [InlineData("08006", true)]
    [InlineData("25P03", true)]  // the session was ended
    [InlineData("57014", false)] // a statement took too long
    [InlineData("40P01", false)]
    [InlineData("53300", false)] // too many connections
    public void A_busy_database_is_not_one_that_is_away(string state, bool isAway) => Assert.Equal(isAway, Fault.IsDatabaseAway(Sql(state)));

    [Fact]
    public void A_lost_connection_is_away_and_an_exhausted_pool_is_not()
    {
        Assert.True(Fault.IsDatabaseAway(new NpgsqlException("connect", new SocketException((int)SocketError.ConnectionRefused))));
        Assert.True(Fault.IsDatabaseAway(new NpgsqlException("cut", new EndOfStreamException())));
        Assert.False(Fault.IsDatabaseAway(new NpgsqlException("The connection pool has been exhausted", new TimeoutException())));
    }

    static PostgresException Sql(string state) => new("x", "ERROR", "ERROR", state);
}
