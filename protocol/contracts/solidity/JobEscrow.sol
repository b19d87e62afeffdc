// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {StatementReader} from "./StatementReader.sol";
import {Statements} from "./Statements.sol";
import {TilthToken} from "./TilthToken.sol";

/// @title Money for tuning: the builder puts the price of one lot in, the worker a deposit; the worker gets both when
/// it has delivered.
/// @notice States: none → funded → taken → delivered → released; refunded where nothing was delivered; delivered →
/// refused → released | refunded | burnt. An award to another worker is a new attempt and a new escrow.
///
/// What is delivered stands here, by its hash and where it is, before the builder has seen it. From then on its price
/// never goes back to the builder unless the worker itself gives it back. A builder that says nothing pays: once its
/// time to decide is over anybody may have the worker paid. One that refuses gains nothing by it: what was refused is
/// paid to nobody, and burnt in the end. So what is delivered and worthless costs its worker the deposit and brings it
/// nothing, and who takes work pays its price in any case. Nobody judges between the two.
contract JobEscrow is StatementReader, ReentrancyGuardTransient {
    using SafeERC20 for TilthToken;
    using Statements for Statements.Release;

    enum State {
        None,
        Funded,
        Taken,
        Delivered,
        Refused,
        Released,
        Refunded,
        Burnt
    }

    /// @param deadline for the delivery
    /// @param until when the builder's time to decide is over, or what it refused may be burnt
    /// @param deposit of the worker
    /// @param delivery hash over where the delivery is and what it holds
    struct Escrow {
        address builder;
        uint64 deadline;
        State state;
        address worker;
        uint64 until;
        uint256 amount;
        uint256 deposit;
        bytes32 delivery;
    }

    NodeRegistry public immutable registry;
    TilthToken public immutable token;
    /// @notice Seconds that a builder has at least to look at what was delivered, also where the deadline is near.
    uint64 public immutable decideWindow;
    /// @notice A worker's deposit is one in so many of the price.
    uint256 public constant DEPOSIT_PART = 10;
    /// @notice What was refused waits so long for one of the two to give way.
    uint64 public constant REFUSED_FOR = 30 days;

    mapping(bytes32 id => Escrow) private _escrows;

    event EscrowFunded(
        bytes32 indexed escrow,
        bytes32 indexed job,
        address indexed builder,
        address worker,
        uint256 amount,
        uint64 deadline
    );
    event EscrowTaken(bytes32 indexed escrow, uint256 deposit);
    event EscrowDelivered(bytes32 indexed escrow, string cid, bytes32 log, uint64 decideBy);
    event EscrowRefused(bytes32 indexed escrow, uint64 burnFrom);
    event EscrowReleased(bytes32 indexed escrow, uint256 paid, uint256 returned);
    event EscrowRefunded(bytes32 indexed escrow, uint256 amount);
    event EscrowBurnt(bytes32 indexed escrow, uint256 amount);
    /// @notice The worker's deposit did not come back: it is burnt.
    event DepositLost(bytes32 indexed escrow, uint256 deposit);

    error AlreadyFunded(bytes32 escrow);
    error WrongState(State state);
    error NotTheBuilder(address builder);
    error NotTheWorker(address worker);
    error MoreThanFunded(uint256 amount);
    error LessThanFunded(uint256 amount);
    error DeadlineNotOver(uint64 deadline);
    error DeadlinePassed();
    error StillDeciding(uint64 until);
    error NoDelivery();
    error ZeroAmount();
    error ZeroAddress();

    constructor(NodeRegistry registry_, uint64 decideWindow_) StatementReader(address(registry_)) {
        registry = registry_;
        token = registry_.token();
        decideWindow = decideWindow_;
    }

    /// @notice The builder is part of the id: nobody can occupy the escrow of somebody else's award.
    function idOf(address builder, bytes32 job, bytes32 lot, address worker, uint32 attempt)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(builder, job, lot, worker, attempt));
    }

    function fund(bytes32 job, bytes32 lot, address worker, uint32 attempt, uint256 amount, uint64 deadline)
        external
        nonReentrant
        returns (bytes32 id)
    {
        if (amount == 0) revert ZeroAmount();
        if (worker == address(0)) revert ZeroAddress();
        if (deadline <= block.timestamp) revert DeadlinePassed();
        id = idOf(msg.sender, job, lot, worker, attempt);
        if (_escrows[id].state != State.None) revert AlreadyFunded(id);
        _escrows[id] = Escrow(msg.sender, deadline, State.Funded, worker, 0, amount, 0, 0);
        emit EscrowFunded(id, job, msg.sender, worker, amount, deadline);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice The worker takes the award, and answers for it with a deposit. Before that nobody is bound.
    function take(bytes32 id) external nonReentrant {
        Escrow storage escrow = _in(id, State.Funded);
        _onlyWorker(escrow);
        if (block.timestamp >= escrow.deadline) revert DeadlinePassed();
        escrow.state = State.Taken;
        escrow.deposit = escrow.amount / DEPOSIT_PART;
        emit EscrowTaken(id, escrow.deposit);
        if (escrow.deposit > 0) token.safeTransferFrom(msg.sender, address(this), escrow.deposit);
    }

    /// @notice The worker says what it has made and where it is, before anybody fetches it.
    /// @param log hash of the delivery's content
    function deliver(bytes32 id, string calldata cid, bytes32 log) external {
        Escrow storage escrow = _in(id, State.Taken);
        _onlyWorker(escrow);
        if (block.timestamp >= escrow.deadline) revert DeadlinePassed();
        if (bytes(cid).length == 0 || bytes(cid).length > 100) revert NoDelivery();
        escrow.state = State.Delivered;
        escrow.delivery = keccak256(abi.encode(cid, log));
        uint64 least = uint64(block.timestamp) + decideWindow;
        escrow.until = least > escrow.deadline ? least : escrow.deadline;
        emit EscrowDelivered(id, cid, log, escrow.until);
    }

    /// @notice The builder pays, at any time: also what it has refused, and what was never delivered.
    function release(bytes32 id) external nonReentrant {
        Escrow storage escrow = _open(id);
        _onlyBuilder(escrow);
        _release(id, escrow, escrow.amount);
    }

    /// @notice The same with the builder's signed statement, by whoever holds it: the worker waits for nobody. For less
    /// than the price by the worker's own hand alone.
    function releaseFor(Statements.Release calldata statement, bytes calldata signature) external nonReentrant {
        Escrow storage escrow = _open(statement.escrow);
        if (statement.worker != escrow.worker) revert NotTheWorker(escrow.worker);
        if (statement.amount > escrow.amount) revert MoreThanFunded(escrow.amount);
        if (statement.amount < escrow.amount && msg.sender != escrow.worker) revert LessThanFunded(escrow.amount);
        _requireSigned(_digest(statement.hash()), signature, escrow.builder);
        _release(statement.escrow, escrow, statement.amount);
    }

    /// @notice A builder that said nothing in time pays. Anyone may see to it.
    function settle(bytes32 id) external nonReentrant {
        Escrow storage escrow = _in(id, State.Delivered);
        if (block.timestamp < escrow.until) revert StillDeciding(escrow.until);
        _release(id, escrow, escrow.amount);
    }

    /// @notice The builder will not pay for what was delivered, and cannot have its price back either: it waits for one
    /// of the two to give way, and is burnt in the end.
    function refuse(bytes32 id) external {
        Escrow storage escrow = _in(id, State.Delivered);
        _onlyBuilder(escrow);
        if (block.timestamp >= escrow.until) revert DeadlinePassed();
        escrow.state = State.Refused;
        escrow.until = uint64(block.timestamp) + REFUSED_FOR;
        emit EscrowRefused(id, escrow.until);
    }

    /// @notice What was refused, and neither paid nor given back, goes to nobody. Anyone may see to it.
    function burn(bytes32 id) external nonReentrant {
        Escrow storage escrow = _in(id, State.Refused);
        if (block.timestamp < escrow.until) revert StillDeciding(escrow.until);
        escrow.state = State.Burnt;
        emit EscrowBurnt(id, escrow.amount);
        token.burn(escrow.amount);
        _loseDeposit(id, escrow);
    }

    /// @notice Back to the builder: by itself while the worker has not taken the award, and once the deadline is over
    /// without a delivery; by the worker whenever it likes. Who took an award and brings nothing loses its deposit, and
    /// whoever gives back what was refused as well: it gains nothing by giving way, so nobody can press it to.
    function refund(bytes32 id) external nonReentrant {
        Escrow storage escrow = _open(id);
        State state = escrow.state;
        if (msg.sender != escrow.worker) {
            _onlyBuilder(escrow);
            if (state != State.Funded && state != State.Taken) revert WrongState(state);
            if (state == State.Taken && block.timestamp < escrow.deadline) revert DeadlineNotOver(escrow.deadline);
        }
        _refund(id, escrow);
        if (state == State.Delivered) _returnDeposit(escrow);
        else _loseDeposit(id, escrow);
    }

    /// @notice Before anything was delivered the two may part in peace: by the builder, with the worker's word, a
    /// `Release` of nothing. Then the deposit comes back.
    function refundWithConsent(bytes32 id, bytes calldata workerSignature) external nonReentrant {
        Escrow storage escrow = _open(id);
        _onlyBuilder(escrow);
        if (escrow.state != State.Funded && escrow.state != State.Taken) revert WrongState(escrow.state);
        _requireSigned(
            _digest(Statements.Release(id, escrow.worker, 0).hash()), workerSignature, escrow.worker
        );
        _refund(id, escrow);
        _returnDeposit(escrow);
    }

    function escrowOf(bytes32 id) external view returns (Escrow memory) {
        return _escrows[id];
    }

    function _in(bytes32 id, State state) private view returns (Escrow storage escrow) {
        escrow = _escrows[id];
        if (escrow.state != state) revert WrongState(escrow.state);
    }

    /// @dev Money is in it.
    function _open(bytes32 id) private view returns (Escrow storage escrow) {
        escrow = _escrows[id];
        if (escrow.state == State.None || escrow.state > State.Refused) revert WrongState(escrow.state);
    }

    function _onlyBuilder(Escrow storage escrow) private view {
        if (msg.sender != escrow.builder) revert NotTheBuilder(escrow.builder);
    }

    function _onlyWorker(Escrow storage escrow) private view {
        if (msg.sender != escrow.worker) revert NotTheWorker(escrow.worker);
    }

    function _release(bytes32 id, Escrow storage escrow, uint256 amount) private {
        escrow.state = State.Released;
        uint256 returned = escrow.amount - amount;
        emit EscrowReleased(id, amount, returned);
        if (amount > 0) token.safeTransfer(registry.payoutOf(escrow.worker), amount);
        if (returned > 0) token.safeTransfer(escrow.builder, returned);
        _returnDeposit(escrow);
    }

    function _refund(bytes32 id, Escrow storage escrow) private {
        escrow.state = State.Refunded;
        emit EscrowRefunded(id, escrow.amount);
        token.safeTransfer(escrow.builder, escrow.amount);
    }

    function _returnDeposit(Escrow storage escrow) private {
        if (escrow.deposit > 0) token.safeTransfer(escrow.worker, escrow.deposit);
    }

    /// @dev To nobody: a builder is not paid for having workers fail.
    function _loseDeposit(bytes32 id, Escrow storage escrow) private {
        if (escrow.deposit == 0) return;
        emit DepositLost(id, escrow.deposit);
        token.burn(escrow.deposit);
    }
}
