// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {StatementReader} from "./StatementReader.sol";
import {Statements} from "./Statements.sol";

/// @title Money for tuning: the builder puts the price of one lot in, the worker gets it on delivery.
/// @notice States: none → funded → released | refunded. An award to another worker is a new attempt and a new escrow.
contract JobEscrow is StatementReader, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Statements for Statements.Release;

    enum State {
        None,
        Funded,
        Released,
        Refunded
    }

    struct Escrow {
        address builder;
        uint64 deadline;
        State state;
        address worker;
        uint256 amount;
    }

    NodeRegistry public immutable registry;
    IERC20 public immutable token;
    mapping(bytes32 id => Escrow) private _escrows;

    event EscrowFunded(
        bytes32 indexed escrow,
        bytes32 indexed job,
        address indexed builder,
        address worker,
        uint256 amount,
        uint64 deadline
    );
    event EscrowReleased(bytes32 indexed escrow, uint256 paid, uint256 returned);
    event EscrowRefunded(bytes32 indexed escrow, uint256 amount);

    error AlreadyFunded(bytes32 escrow);
    error NotFunded(bytes32 escrow);
    error NotTheBuilder(address builder);
    error NotTheWorker(address worker);
    error MoreThanFunded(uint256 amount);
    error DeadlineNotOver(uint64 deadline);
    error DeadlinePassed();
    error ZeroAmount();
    error ZeroAddress();

    constructor(NodeRegistry registry_) StatementReader(address(registry_)) {
        registry = registry_;
        token = registry_.token();
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
        _escrows[id] = Escrow(msg.sender, deadline, State.Funded, worker, amount);
        emit EscrowFunded(id, job, msg.sender, worker, amount, deadline);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice The builder accepts the delivery: `amount` to the worker, the rest back.
    function release(bytes32 id, uint256 amount) external nonReentrant {
        Escrow storage escrow = _funded(id);
        if (msg.sender != escrow.builder) revert NotTheBuilder(escrow.builder);
        _release(id, escrow, amount);
    }

    /// @notice The same with the builder's signed statement, by whoever holds it: the worker waits for nobody.
    function releaseFor(Statements.Release calldata statement, bytes calldata signature) external nonReentrant {
        Escrow storage escrow = _funded(statement.escrow);
        if (statement.worker != escrow.worker) revert NotTheWorker(escrow.worker);
        _requireSigned(_digest(statement.hash()), signature, escrow.builder);
        _release(statement.escrow, escrow, statement.amount);
    }

    /// @notice The builder takes the money back once the deadline is over; the worker may give it back at any time.
    function refund(bytes32 id) external nonReentrant {
        Escrow storage escrow = _funded(id);
        if (msg.sender != escrow.worker) {
            if (msg.sender != escrow.builder) revert NotTheBuilder(escrow.builder);
            if (block.timestamp < escrow.deadline) revert DeadlineNotOver(escrow.deadline);
        }
        _refund(id, escrow);
    }

    /// @notice Before the deadline with the worker's word: a `Release` of nothing, signed by the worker.
    function refundWithConsent(bytes32 id, bytes calldata workerSignature) external nonReentrant {
        Escrow storage escrow = _funded(id);
        _requireSigned(
            _digest(Statements.Release(id, escrow.worker, 0).hash()), workerSignature, escrow.worker
        );
        _refund(id, escrow);
    }

    function escrowOf(bytes32 id) external view returns (Escrow memory) {
        return _escrows[id];
    }

    function _funded(bytes32 id) private view returns (Escrow storage escrow) {
        escrow = _escrows[id];
        if (escrow.state != State.Funded) revert NotFunded(id);
    }

    function _release(bytes32 id, Escrow storage escrow, uint256 amount) private {
        if (amount > escrow.amount) revert MoreThanFunded(escrow.amount);
        escrow.state = State.Released;
        uint256 returned = escrow.amount - amount;
        emit EscrowReleased(id, amount, returned);
        if (amount > 0) token.safeTransfer(registry.payoutOf(escrow.worker), amount);
        if (returned > 0) token.safeTransfer(escrow.builder, returned);
    }

    function _refund(bytes32 id, Escrow storage escrow) private {
        escrow.state = State.Refunded;
        emit EscrowRefunded(id, escrow.amount);
        token.safeTransfer(escrow.builder, escrow.amount);
    }
}
