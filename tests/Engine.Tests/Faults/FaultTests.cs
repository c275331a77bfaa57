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

    static PostgresException Sql(string state) => new("x", "ERROR", "ERROR", state);
}
